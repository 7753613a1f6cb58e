//! Being signed in, and when it ends.

use api::Rules;
use domain::caregivers::Caregiver;
use domain::limits::Class;
use domain::{Activity, Authenticate as _, Origin, Role, Secret, policy};
use jiff::SignedDuration;
use services::{AccountCtx, Front};
use store::mongo::Caregivers;
use testkit::{Client, Fronts, TestApp};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{app, sign_in};

#[utoipa::path(get, path = "/polled", responses((status = 200)))]
async fn polled(_caller: api::SignedIn) {}

/// The routes of the function, and one that an open app asks for by itself.
fn with_a_poll(fronts: &Fronts) -> axum::Router {
    let poll: OpenApiRouter<Front<AccountCtx>> =
        OpenApiRouter::new().routes(Rules::of(Class::Poll).on(routes!(polled)));
    auth::routes().merge(poll).split_for_parts().0.with_state(fronts.accounts.clone())
}

async fn used(client: &Client) {
    client.get("/v1/mfa/status").await.ok(200);
}

#[tokio::test]
async fn a_sign_in_that_nobody_uses_ends_after_a_quarter_of_an_hour() {
    let app = app().await;
    app.clock.advance(SignedDuration::from_mins(14));
    used(&app.staff).await;
    // To the half minute, in favour of the person.
    app.clock.advance(SignedDuration::from_secs(15 * 60 + 31));
    app.staff.get("/v1/mfa/status").await.refused(401, "session_idle");
    app.staff.get("/v1/mfa/status").await.refused(401, "session_ended");
}

#[tokio::test]
async fn who_does_something_stays_signed_in() {
    let app = app().await;
    // As long as an access token is good.
    for _ in 0..4 {
        app.clock.advance(SignedDuration::from_mins(7));
        used(&app.staff).await;
    }
}

#[tokio::test]
async fn an_app_that_is_only_open_does_not_keep_a_sign_in_alive() {
    let app = TestApp::start(with_a_poll).await;
    let tokens = sign_in(&app, &app.staff).await;
    for _ in 0..4 {
        app.clock.advance(SignedDuration::from_mins(3));
        app.staff.get("/polled").await.ok(200);
    }
    // Nor does exchanging tokens, which it does by itself too.
    let tokens =
        app.anyone.post("/v1/auth/refresh-tokens", crate::refresh_body(&tokens)).await.ok(200)["tokens"].clone();
    app.clock.advance(SignedDuration::from_mins(4));
    app.staff.get("/polled").await.refused(401, "session_idle");
    app.anyone.post("/v1/auth/refresh-tokens", crate::refresh_body(&tokens)).await.refused(401, "session_idle");
}

#[tokio::test]
async fn one_sign_in_is_idle_and_another_is_not() {
    let app = app().await;
    let laptop = sign_in(&app, &app.staff).await;
    let laptop = app.staff.with_token(laptop["access"]["token"].as_str().unwrap());
    app.clock.advance(SignedDuration::from_mins(10));
    used(&app.staff).await;
    app.clock.advance(SignedDuration::from_mins(10));
    laptop.get("/v1/mfa/status").await.refused(401, "session_idle");
    used(&app.staff).await;
}

/// What an administrator did to an account, in another process.
async fn altered(process: &TestApp, caregiver: &Caregiver, change: impl FnOnce(&mut Caregiver)) {
    let mut caregiver = caregiver.clone();
    change(&mut caregiver);
    let scope = policy::system("change an account in a test");
    let write = Caregivers::rewrite(&scope, &caregiver, process.ctx.now()).unwrap();
    process.ctx.store.commit([write]).await.unwrap();
}

async fn whose(app: &TestApp, token: &Secret) -> domain::Result<Role> {
    let caller = app.accounts.authenticate(token, Origin::default(), Activity::Poll).await;
    caller.map(|caller| caller.role)
}

#[tokio::test]
async fn what_another_process_changes_is_true_at_once() {
    let app = app().await;
    let other = TestApp::configured(app.env.clone(), crate::routes).await;
    let staff = app.staff.caregiver();
    let token: Secret = app.staff.token().to_owned().into();
    for _ in 0..2 {
        assert_eq!(whose(&app, &token).await.unwrap(), Role::Staff);
    }
    altered(&other, staff, |caregiver| caregiver.role = Role::OrgAdmin).await;
    assert_eq!(whose(&app, &token).await.unwrap(), Role::OrgAdmin);
    altered(&other, staff, |caregiver| caregiver.locked = true).await;
    assert_eq!(whose(&app, &token).await.unwrap_err().code, "session_ended");
    altered(&other, staff, |caregiver| caregiver.locked = false).await;
    assert_eq!(whose(&app, &token).await.unwrap(), Role::Staff, "the sign-in was not used while it was locked");

    other.ctx.store.commit([Caregivers::end_sign_ins(staff)]).await.unwrap();
    assert_eq!(whose(&app, &token).await.unwrap_err().code, "session_ended");
}

#[tokio::test]
async fn signing_out_in_one_process_ends_it_in_the_other() {
    let app = app().await;
    let other = TestApp::configured(app.env.clone(), crate::routes).await;
    let tokens = sign_in(&app, &app.staff).await;
    let access: Secret = tokens["access"]["token"].as_str().unwrap().to_owned().into();
    for process in [&app, &other, &app, &other] {
        whose(process, &access).await.unwrap();
    }
    app.anyone.post("/v1/auth/logout", crate::refresh_body(&tokens)).await.ok(204);
    for process in [&other, &app] {
        assert_eq!(whose(process, &access).await.unwrap_err().code, "session_ended");
    }
}

#[tokio::test]
async fn an_access_token_ends_after_half_an_hour_whatever_is_done_with_it() {
    let app = app().await;
    for _ in 0..2 {
        app.clock.advance(SignedDuration::from_mins(14));
        used(&app.staff).await;
    }
    app.clock.advance(SignedDuration::from_mins(2));
    app.staff.get("/v1/mfa/status").await.refused(401, "token_expired");
}
