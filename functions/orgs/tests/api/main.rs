//! Organisations, caregivers and pictures, through the router.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod assignments;
mod invite;
mod lists;
mod lock;
mod member;
mod org;
mod password;
mod pictures;
mod profile;
mod races;
mod remove;
mod remove_org;
mod role;

use std::time::Duration;

use domain::audit::{Action, Outcome, Record};
use domain::caregivers::Caregiver;
use domain::jobs::{Job, Queue};
use domain::{Email, Origin, Secret};
use services::auth::{Acceptance, Entry, Proof};
use testkit::{Client, Fronts, PASSWORD, TestApp};

const NOBODY: &str = "650000000000000000000000";

fn routes(fronts: &Fronts) -> axum::Router {
    orgs::routes().split_for_parts().0.with_state(fronts.accounts.clone())
}

async fn app() -> TestApp {
    TestApp::start(routes).await
}

fn id(client: &Client) -> String {
    client.caregiver().id.to_string()
}

fn of_org(app: &TestApp, rest: &str) -> String {
    format!("/v1/orgs/{}{rest}", app.home.id)
}

fn of(client: &Client, rest: &str) -> String {
    format!("/v1/caregivers/{}{rest}", id(client))
}

/// An address without an account.
fn nobody() -> String {
    format!("{:016x}@demo.example", rand::random::<u64>())
}

/// The worker's part: sends the mails that wait.
async fn send_mails(app: &TestApp) {
    let post = app.ctx.post.as_ref().unwrap();
    loop {
        let messages = app.ctx.queues.receive(Queue::Jobs, 10, Duration::ZERO).await.unwrap();
        if messages.is_empty() {
            break;
        }
        for message in messages {
            if let Job::SendMail { mail_id } = serde_json::from_str(&message.body).unwrap() {
                services::mails::send(&app.ctx, &app.accounts.vault, post, mail_id).await.unwrap();
            }
            app.ctx.queues.done(Queue::Jobs, &message).await.unwrap();
        }
    }
}

/// What was mailed to an address, oldest first: subjects and the tokens of links.
async fn mailed(app: &TestApp, address: &str) -> Vec<(String, Option<String>)> {
    send_mails(app).await;
    let token = |body: &str| {
        let rest = body.split_once("?token=")?.1;
        Some(rest.split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c))).next()?.to_owned())
    };
    app.mails_at(address).await.into_iter().map(|mail| (mail.subject, token(&mail.body))).collect()
}

/// The newest invitation to an address.
async fn invitation(app: &TestApp, address: &str) -> Secret {
    mailed(app, address).await.pop().and_then(|(_, token)| token).map(Secret::new).unwrap()
}

async fn accept(app: &TestApp, token: &Secret, email: &str) -> domain::Result<services::auth::Login> {
    let acceptance = Acceptance {
        token: token.clone(),
        email: email.parse().unwrap(),
        name: "Sam Reed".parse().unwrap(),
        phone: "+15550100124".parse().unwrap(),
        password: Secret::new("tulips in the rain 7".to_owned()),
    };
    services::auth::accept(&app.accounts, acceptance, &Origin::default()).await
}

/// Signs in and gives the access token.
async fn sign_in(app: &TestApp, email: &str, password: &str) -> domain::Result<Secret> {
    let password = Secret::new(password.to_owned());
    let proof = Proof::Password { email, password: &password, code: None };
    match services::auth::login(&app.accounts, proof, &Origin::default()).await? {
        Entry::SignedIn(login) => Ok(login.tokens.access.token),
        Entry::SecondStep(_) => panic!("nobody has a second factor here"),
    }
}

/// The same somewhere else: a client that may be asked what it can see.
async fn another_sign_in(app: &TestApp, client: &Client) -> Client {
    let token = sign_in(app, client.caregiver().email.as_str(), PASSWORD).await.unwrap();
    client.with_token(token.expose().clone())
}

async fn stored(app: &TestApp, client: &Client) -> Option<Caregiver> {
    let found = app.ctx.store.caregivers().account(client.caregiver().id).await.unwrap();
    found.map(|(caregiver, _)| caregiver)
}

async fn account_of(app: &TestApp, email: &str) -> Option<Caregiver> {
    let email: Email = email.parse().unwrap();
    app.ctx.store.caregivers().by_email(&email).await.unwrap().map(|(caregiver, _)| caregiver)
}

/// What the trail of the organisation says about an action and an id.
async fn noted(app: &TestApp, action: Action, id: impl ToString) -> Vec<Record> {
    let records = app.ctx.store.audits().inbox(Some(app.home.id), 500).await.unwrap();
    let id = id.to_string();
    records.into_iter().filter(|record| record.action == action && record.ids.contains(&id)).collect()
}

fn refused(records: &[Record], code: &str) -> bool {
    records.iter().any(|record| record.outcome == Outcome::Failure && record.code.as_deref() == Some(code))
}
