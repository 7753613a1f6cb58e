//! What a tour through an account leaves in the log.

use std::io;
use std::sync::{Arc, Mutex};

use axum::http::Method;
use domain::Phi;
use domain::tokens::Purpose;
use serde_json::{Value, json};
use services::patients;
use testkit::{PASSWORD, TestApp};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::{app, credentials, mfa, nobody, refresh_body, registration, token_of, with_headers};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Every token in a body.
fn tokens(body: &Value, found: &mut Vec<String>) {
    match body {
        Value::Object(fields) => fields.values().for_each(|value| tokens(value, found)),
        Value::Array(values) => values.iter().for_each(|value| tokens(value, found)),
        Value::String(text) if text.len() >= 40 && !text.contains(' ') => found.push(text.clone()),
        _ => {}
    }
}

/// Everything an account can go through. Gives what must not be in the log.
async fn tour(app: &TestApp) -> Vec<String> {
    let mut secret: Vec<String> = Vec::new();
    let email = format!("zebedee-{}", nobody());
    secret.extend([email.clone(), "Zebedee Quillfeather".to_owned(), "+15550177123".to_owned()]);
    let mut body = registration(&email);
    (body["name"], body["phone"]) = (json!("Zebedee Quillfeather"), json!("+15550177123"));
    for password in ["Quillfeather 1", "marmalade for Tuesdays 9"] {
        body["password"] = json!(password);
        app.anyone.post("/v1/auth/register", body.clone()).await;
        secret.push(password.to_owned());
    }
    app.anyone.post("/v1/auth/register", body).await.ok(201);
    app.deliver_mails().await;
    let mails = app.mails_at(&email).await;
    let link = token_of(&mails[0].body);
    let accept = [("accept", "text/html")];
    with_headers(&app.anyone, Method::GET, &format!("/v1/auth/verify-email?token={link}"), &accept, "").await;
    tokens(&app.anyone.get(format!("/v1/auth/verify-email?token={link}&format=json")).await.ok(200), &mut secret);
    app.anyone.post("/v1/auth/verify-email", json!({ "token": link })).await.ok(200);
    secret.push(link);

    app.anyone.post("/v1/auth/login", credentials(&app.staff, "crumbling lighthouse 3")).await;
    app.anyone.post("/v1/auth/login", json!({ "email": "zebedee at nowhere", "password": "x" })).await;
    secret.extend(["crumbling lighthouse 3", "zebedee at nowhere", PASSWORD].map(str::to_owned));
    let login = app.anyone.post("/v1/auth/login", credentials(&app.staff, PASSWORD)).await.ok(200);
    tokens(&login, &mut secret);
    let refreshed = app.anyone.post("/v1/auth/refresh-tokens", refresh_body(&login["tokens"])).await.ok(200);
    tokens(&refreshed, &mut secret);
    app.anyone.post("/v1/auth/logout", refresh_body(&refreshed["tokens"])).await.ok(204);

    let enrolment = app.staff.post("/v1/mfa/enable", json!({})).await.ok(200);
    secret.push(enrolment["secret"].as_str().unwrap().to_owned());
    secret.extend(enrolment["backupCodes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()));
    let authenticator = mfa::enrolled(app, &app.staff).await;
    secret.extend(authenticator.backup.iter().cloned());
    let mut body = credentials(&app.staff, PASSWORD);
    tokens(&app.anyone.post("/v1/auth/login", body.clone()).await.ok(200), &mut secret);
    body["mfaToken"] = json!("ABCDEF99");
    app.anyone.post("/v1/auth/login", body).await.refused(401, "mfa_code_wrong");
    secret.push("ABCDEF99".to_owned());

    app.anyone.post("/v1/auth/forgot-password", json!({ "email": email })).await.ok(204);
    app.deliver_mails().await;
    let reset = token_of(&app.mails_at(&email).await.pop().unwrap().body);
    let path = format!("/v1/auth/reset-password?token={reset}");
    app.anyone.post(&path, json!({ "password": "octopus in galoshes 4" })).await.ok(204);
    app.anyone.post(&path, json!({ "password": "octopus in galoshes 4" })).await.refused(401, "token_invalid");
    secret.extend([reset, "octopus in galoshes 4".to_owned()]);
    let invitation = app.one_time(Purpose::Invite, app.invited.caregiver().id).await;
    app.anyone.get(format!("/v1/auth/invite-info?token={}", invitation.expose())).await.ok(200);
    secret.push(invitation.expose().clone());
    secret.extend([&app.staff, &app.invited].map(|client| client.caregiver().email.as_str().to_owned()));
    app.staff.with_token("quillfeather.forged.token").get("/v1/mfa/status").await;
    secret.push("quillfeather.forged.token".to_owned());
    secret
}

#[tokio::test]
async fn neither_secrets_nor_people_are_in_the_log_however_much_is_logged() {
    let app = app().await;
    let ada = app.patient("Ada Featherstonehaugh", &[&app.staff]).await;
    let notes = Some(Some(Phi::from("Keeps peacocks behind the scullery")));
    let change = patients::Change { notes, ..patients::Change::default() };
    patients::update(&app.ctx, &app.caller_of(&app.staff), ada.id, change).await.unwrap();

    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(EnvFilter::new("trace")).with_writer(log.clone()).with_ansi(false);
    let mut secret = {
        // For this thread, on which all of it runs.
        let _logging = tracing::subscriber::set_default(subscriber.finish());
        tour(&app).await
    };
    secret.extend(["Featherstonehaugh", "peacocks"].map(str::to_owned));
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("route=\"/v1/auth/login\"") && log.contains("status=401"), "nothing was logged");
    assert!(secret.len() > 40, "{}", secret.len());
    for secret in secret {
        let line = log.lines().find(|line| line.contains(&secret));
        assert!(line.is_none(), "{secret} is in the log: {}", line.unwrap_or_default());
    }
}
