//! Signing in and staying signed in, through the router.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod bad_input;
mod headers;
mod idempotency;
mod init;
mod invitation;
mod limits;
mod lockout;
mod log;
mod login;
mod logout;
mod mfa;
mod mfa_login;
mod outage;
mod phone;
mod phone_limits;
mod refresh;
mod register;
mod reset;
mod sessions;
mod sso;
mod sso_link;
mod sso_password;
mod sso_races;
mod sso_refusals;
mod verify;

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use testkit::{Client, Fronts, PASSWORD, Reply, TestApp};

/// A password that nobody has yet.
const TULIPS: &str = "tulips in the rain 7";

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

/// An address without an account.
fn nobody() -> String {
    format!("{:016x}@demo.example", rand::random::<u64>())
}

/// Who registers with this address.
fn registration(email: &str) -> Value {
    json!({ "name": "Nora van Dam", "email": email, "phone": "+15550100123", "password": TULIPS })
}

/// Registers an address and gives the token of the mail.
async fn registered(app: &TestApp, email: &str) -> String {
    app.anyone.post("/v1/auth/register", registration(email)).await.ok(201);
    app.deliver_mails().await;
    token_of(&app.mails_at(email).await.pop().unwrap().body)
}

/// The token of the link in a mail.
fn token_of(mail: &str) -> String {
    let (_, rest) = mail.split_once("?token=").unwrap();
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}

/// A request with these headers.
async fn with_headers(client: &Client, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let request = Request::builder().method(method).uri(path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    client.request(request.body(Body::from(body.to_owned())).unwrap()).await
}

/// All of these requests at the same time.
async fn at_once<F>(requests: impl IntoIterator<Item = F>) -> Vec<Reply>
where
    F: Future<Output = Reply> + Send + 'static,
{
    let tasks: Vec<_> = requests.into_iter().map(tokio::spawn).collect();
    let mut replies = Vec::new();
    for task in tasks {
        replies.push(task.await.unwrap());
    }
    replies
}

/// How often each answer was given.
fn tally(replies: &[Reply]) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for reply in replies {
        let code = reply.json["error"].as_str().unwrap_or_default();
        *tally.entry(format!("{} {code}", reply.status.as_u16()).trim().to_owned()).or_default() += 1;
    }
    tally
}

/// Nobody was answered in another way than these. Who meets others for longer than a transaction is
/// tried again may be asked to come back: on a machine that is busy otherwise some are.
fn nothing_else(tally: &BTreeMap<String, usize>, answers: &[&str]) {
    let known = |answer: &&String| answers.contains(&answer.as_str()) || *answer == "503 unavailable";
    assert!(tally.keys().all(|answer| known(&answer)), "{tally:?}");
}

/// The names in a body, however deep.
fn shape(body: &Value) -> Value {
    match body {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        Value::Array(_) => json!("list"),
        _ => Value::Null,
    }
}

/// The names of the headers.
fn names(reply: &Reply) -> BTreeSet<&str> {
    reply.headers.keys().map(axum::http::HeaderName::as_str).collect()
}
