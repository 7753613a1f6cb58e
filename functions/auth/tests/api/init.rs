//! The start of the function.

use config::Env;
use domain::{Kind, Secret};
use serde_json::json;
use testkit::{Client, house};

use axum::Router;

/// Addresses at which nobody listens, as RFC 5737 sets them apart: a start that would connect
/// would wait here.
fn unreachable(env: Env) -> Env {
    env.with("MONGODB_URI", "mongodb://127.0.0.1:1/?directConnection=true")
        .with("CACHE_URL", "redis://127.0.0.1:1/")
        .with("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
}

#[tokio::test]
async fn starting_needs_no_server_and_the_first_request_gets_a_503() {
    let router: Router = auth::wire(&unreachable(house().env())).await.unwrap();
    let client = Client::anonymous(router);
    let body = json!({ "email": "a@b.de", "password": "correct horse 1" });
    client.post("/v1/auth/login", body).await.refused(503, "unavailable");
    client.get("/v1/auth/nothing").await.refused(404, "route_not_found");
}

#[tokio::test]
async fn a_missing_variable_stops_the_start_by_name() {
    let env = house().env();
    for name in ["MONGODB_URI", "CACHE_URL", "JWT_KEYS"] {
        let error = auth::wire(&env.clone().with(name, "")).await.unwrap_err().to_string();
        assert!(error.starts_with(name) || (name == "CACHE_URL" && error.starts_with("CACHE_NAME")), "{error}");
    }
}

#[tokio::test]
async fn an_outage_says_nothing_of_our_insides() {
    let router: Router = auth::wire(&unreachable(house().env())).await.unwrap();
    let body = json!({ "refreshToken": "AAAA" });
    let reply = Client::anonymous(router).post("/v1/auth/refresh-tokens", body).await;
    reply.refused(503, "unavailable");
    for word in ["127.0.0.1", "mongo", "Server", "select"] {
        assert!(!reply.text.contains(word), "{}", reply.text);
    }
}

#[tokio::test]
async fn an_outage_is_not_taken_for_a_bad_token() {
    let env = unreachable(house().env_with_queues().await);
    let app = testkit::TestApp::configured(env, crate::routes).await;
    let token = app.ctx.tokens.sign(
        domain::SessionId::generate(app.ctx.now(), &*app.ctx.random),
        app.staff.caregiver().id,
        app.ctx.now(),
    );
    let token: Secret = token.unwrap().token;
    assert_eq!(app.whose(&token).await.unwrap_err().kind, Kind::Unavailable);
}
