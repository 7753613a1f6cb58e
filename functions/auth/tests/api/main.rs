//! Signing in and staying signed in, through the router.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod bad_input;
mod init;
mod login;
mod logout;
mod outage;
mod phone;
mod phone_limits;
mod refresh;
mod sso;
mod sso_link;
mod sso_password;
mod sso_races;
mod sso_refusals;

use serde_json::{Value, json};
use testkit::{Client, Fronts, PASSWORD, TestApp};

fn routes(fronts: &Fronts) -> axum::Router {
    auth::routes().split_for_parts().0.with_state(fronts.accounts.clone())
}

async fn app() -> TestApp {
    TestApp::start(routes).await
}

fn credentials(client: &Client, password: &str) -> Value {
    json!({ "email": client.caregiver().email.as_str(), "password": password })
}

/// Signs in and gives the tokens.
async fn sign_in(app: &TestApp, client: &Client) -> Value {
    app.anyone.post("/v1/auth/login", credentials(client, PASSWORD)).await.ok(200)["tokens"].clone()
}

fn refresh_body(tokens: &Value) -> Value {
    json!({ "refreshToken": tokens["refresh"]["token"] })
}
