//! `POST /v1/auth/logout`.

use crate::{app, refresh_body, sign_in};

#[tokio::test]
async fn signing_out_ends_refresh_and_access_tokens() {
    let app = app().await;
    let tokens = sign_in(&app, &app.staff).await;
    let access = tokens["access"]["token"].as_str().unwrap().to_owned().into();
    // Twice, so that the second answer comes from the cache.
    for _ in 0..2 {
        assert_eq!(app.whose(&access).await.unwrap().caregiver, app.staff.caregiver().id);
    }
    app.anyone.post("/v1/auth/logout", refresh_body(&tokens)).await.ok(204);
    assert_eq!(app.whose(&access).await.unwrap_err().code, "session_ended");
    app.anyone.post("/v1/auth/refresh-tokens", refresh_body(&tokens)).await.refused(401, "token_invalid");
}

#[tokio::test]
async fn signing_out_twice_is_told() {
    let app = app().await;
    let tokens = sign_in(&app, &app.staff).await;
    app.anyone.post("/v1/auth/logout", refresh_body(&tokens)).await.ok(204);
    app.anyone.post("/v1/auth/logout", refresh_body(&tokens)).await.refused(404, "session_not_found");
}

#[tokio::test]
async fn one_sign_in_ends_and_the_other_stays() {
    let app = app().await;
    let (phone, laptop) = (sign_in(&app, &app.staff).await, sign_in(&app, &app.staff).await);
    app.anyone.post("/v1/auth/logout", refresh_body(&phone)).await.ok(204);
    app.anyone.post("/v1/auth/refresh-tokens", refresh_body(&laptop)).await.ok(200);
}
