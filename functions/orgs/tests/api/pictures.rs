//! Pictures: sent, seen, replaced.

use axum::http::Method;
use domain::audit::Action;
use domain::{PictureId, Role};
use serde_json::Value;
use test_case::test_case;
use testkit::png;

use crate::{NOBODY, app, id, noted, of, of_org, refused};

/// The part of an address of ours that a client asks for.
fn path(body: &Value) -> String {
    let address = body["avatar"].as_str().unwrap();
    format!("/v1/pictures/{}", address.rsplit('/').next().unwrap())
}

#[tokio::test]
async fn a_picture_is_sent_and_anybody_who_knows_its_address_sees_it() {
    let app = app().await;
    let body = app.staff.upload(Method::POST, &of(&app.staff, "/avatar"), &png(200)).await.ok(200);
    assert_eq!(body["id"], id(&app.staff));
    let address = body["avatar"].as_str().unwrap();
    assert!(address.starts_with("http") && address.contains("/v1/pictures/"), "{address}");
    let seen = app.anyone.get(path(&body)).await;
    assert_eq!(seen.status, 200);
    let header = |name: &str| seen.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "image/jpeg");
    assert_eq!(header("cache-control"), "private, max-age=31536000, immutable");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(app.colleague.get(of(&app.staff, "")).await.ok(200)["avatar"], address, "colleagues see it too");
    assert_eq!(noted(&app, Action::Update, id(&app.staff)).await.len(), 1);
}

#[tokio::test]
async fn the_picture_before_is_gone() {
    let app = app().await;
    let first = app.staff.upload(Method::POST, &of(&app.staff, "/avatar"), &png(1)).await.ok(200);
    let second = app.admin.upload(Method::PATCH, &of(&app.staff, "/avatar"), &png(2)).await.ok(200);
    assert_ne!(first["avatar"], second["avatar"]);
    app.anyone.get(path(&first)).await.refused(404, "picture_not_found");
    assert_eq!(app.anyone.get(path(&second)).await.status, 200);
}

#[tokio::test]
async fn a_patient_has_a_picture() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await.id;
    let avatar = format!("/v1/patients/{ada}/avatar");
    let first = app.staff.upload(Method::POST, &avatar, &png(1)).await.ok(200);
    assert_eq!((&first["name"], first["id"].as_str().unwrap()), (&Value::from("Ada"), ada.to_string().as_str()));
    let second = app.admin.upload(Method::PATCH, &avatar, &png(2)).await.ok(200);
    app.anyone.get(path(&first)).await.refused(404, "picture_not_found");
    assert_eq!(app.anyone.get(path(&second)).await.status, 200);
    assert_eq!(app.staff.get(of(&app.staff, "/patients")).await.ok(200)[0]["avatar"], second["avatar"]);
    for (client, status, code) in [
        (&app.colleague, 404, "patient_not_found"),
        (&app.stranger, 404, "patient_not_found"),
        (&app.invited, 403, "role_not_allowed"),
        (&app.anyone, 401, "token_missing"),
    ] {
        client.upload(Method::POST, &avatar, &png(3)).await.refused(status, code);
    }
    let nobody = format!("/v1/patients/{NOBODY}/avatar");
    app.admin.upload(Method::POST, &nobody, &png(3)).await.refused(404, "patient_not_found");
    app.admin.upload(Method::POST, "/v1/patients/x/avatar", &png(3)).await.invalid(&["patientId"]);
    assert_eq!(app.anyone.get(path(&second)).await.status, 200);
}

#[tokio::test]
async fn who_may_not_is_refused_before_anything_is_looked_at() {
    let app = app().await;
    // No picture at all: whoever is told so was let in too far.
    for (client, of_whom, status, code) in [
        (&app.staff, &app.colleague, 403, "role_not_allowed"),
        (&app.invited, &app.invited, 403, "role_not_allowed"),
        (&app.stranger, &app.staff, 404, "caregiver_not_found"),
        (&app.admin, &app.stranger, 404, "caregiver_not_found"),
        (&app.anyone, &app.staff, 401, "token_missing"),
    ] {
        client.upload(Method::POST, &of(of_whom, "/avatar"), b"nothing").await.refused(status, code);
    }
    for client in [&app.staff, &app.colleague, &app.invited, &app.stranger] {
        assert_eq!(crate::stored(&app, client).await.unwrap().picture, None);
    }
    assert!(refused(&noted(&app, Action::Update, id(&app.colleague)).await, "role_not_allowed"));
    let operator = app.caregiver(Role::SuperAdmin, |_| ()).await;
    operator.upload(Method::POST, &of(&app.stranger, "/avatar"), &png(1)).await.ok(200);
    app.admin.upload(Method::POST, &of(&operator, "/avatar"), &png(1)).await.refused(403, "role_not_allowed");
}

#[test_case(b"", "picture_missing"; "nothing")]
#[test_case(b"<html><script>alert(1)</script>", "picture_type"; "a page")]
#[test_case(b"GIF89a", "picture_type"; "a kind that is not taken")]
#[test_case(b"\x89PNG\r\n\x1a\n", "picture_broken"; "the beginning of a picture")]
#[tokio::test]
async fn what_is_no_picture_is_refused(bytes: &[u8], code: &str) {
    let app = app().await;
    app.staff.upload(Method::POST, &of(&app.staff, "/avatar"), bytes).await.refused(400, code);
    assert_eq!(app.staff.get(of(&app.staff, "")).await.ok(200)["avatar"], Value::Null);
}

#[tokio::test]
async fn too_much_is_refused() {
    let app = app().await;
    app.staff
        .upload(Method::POST, &of(&app.staff, "/avatar"), &vec![0; 4 * 1024 * 1024 + 1])
        .await
        .refused(413, "body_too_large");
    app.staff.post(of(&app.staff, "/avatar"), serde_json::json!({})).await.refused(400, "upload_malformed");
}

#[test_case("00112233445566778899aabbccddeeff"; "a name of nothing")]
#[test_case("00112233445566778899AABBCCDDEEFF"; "in capitals")]
#[test_case("1"; "too short")]
#[test_case("..%2Favatars"; "a way out")]
#[test_case("%00"; "a null byte")]
#[tokio::test]
async fn what_is_no_picture_is_not_there(name: &str) {
    let app = app().await;
    let reply = app.anyone.get(format!("/v1/pictures/{name}")).await;
    reply.refused(404, "picture_not_found");
    assert_eq!(reply.headers["cache-control"], "no-store", "it may come");
}

#[tokio::test]
async fn the_picture_of_who_is_removed_is_gone() {
    let app = app().await;
    let staff = app.staff.upload(Method::POST, &of(&app.staff, "/avatar"), &png(1)).await.ok(200);
    let colleague = app.colleague.upload(Method::POST, &of(&app.colleague, "/avatar"), &png(2)).await.ok(200);
    app.admin.delete(of(&app.staff, "")).await.ok(204);
    app.anyone.get(path(&staff)).await.refused(404, "picture_not_found");
    assert_eq!(app.anyone.get(path(&colleague)).await.status, 200);
    app.admin.delete(of_org(&app, "")).await.ok(204);
    app.anyone.get(path(&colleague)).await.refused(404, "picture_not_found");
}

#[tokio::test]
async fn of_many_pictures_at_once_one_is_shown_and_no_other_is_left() {
    let app = app().await;
    let sent = (1..=4).map(|shade| {
        let app = &app;
        async move { app.staff.upload(Method::POST, &of(&app.staff, "/avatar"), &png(shade)).await }
    });
    let replies = futures_util::future::join_all(sent).await;
    let bodies: Vec<_> = replies.into_iter().map(|reply| reply.ok(200)).collect();
    let shown = app.staff.get(of(&app.staff, "")).await.ok(200);
    for body in bodies {
        let expected = if body["avatar"] == shown["avatar"] { 200 } else { 404 };
        assert_eq!(app.anyone.get(path(&body)).await.status, expected);
    }
    let name: PictureId = path(&shown).rsplit('/').next().unwrap().parse().unwrap();
    assert!(app.accounts.pictures.get(name).await.unwrap().is_some());
}
