//! `local audit verify`, as an operator runs it.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

use std::process::{Command, Output};

use config::Env;
use mongodb::bson::doc;
use serde_json::{Value, json};
use services::audit::{self, AuditSeals};
use services::patients;
use testkit::TestApp;

/// A variable of the test's configuration.
fn value(env: &Env, name: &'static str) -> String {
    env.get(&config::Variable { name, what: "", must: "", default: None }).unwrap().to_owned()
}

fn verify(app: &TestApp, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.env_clear().args(["audit", "verify"]).args(arguments);
    for name in ["MONGODB_URI", "MONGODB_DATABASE", "AUDIT_KEYS"] {
        command.env(name, value(&app.env, name));
    }
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn every_chain_is_told_of_and_a_fault_is_a_failure() {
    let app = TestApp::alone(|_| axum::Router::new()).await;
    let nothing = verify(&app, &[]);
    assert!(nothing.status.success() && nothing.stdout.is_empty(), "{nothing:?}");

    let ada = app.patient("Ada", &[&app.staff]).await;
    for client in [&app.staff, &app.staff, &app.stranger] {
        patients::get(&app.ctx, &app.caller_of(client), ada.id).await.ok();
    }
    let seals = AuditSeals::new(&config::AuditKeys::from_env(&app.env).unwrap());
    assert_eq!(audit::seal(&app.ctx, &seals).await.unwrap(), 3);
    let (home, away) = (app.home.id, app.stranger.caregiver().org);
    let whole = verify(&app, &["--reaches", &format!("{home}:2"), "--reaches", &format!("{away}:1")]);
    assert!(whole.status.success(), "{whole:?}");
    let lines = said(&whole);
    assert!(lines.contains(&format!("ok     {home}: 2 records, 1 to 2\n")), "{lines}");
    assert!(lines.contains(&format!("ok     {away}: 1 records, 1 to 1\n")), "{lines}");

    let short = verify(&app, &["--reaches", &format!("{home}:3")]);
    assert_eq!(short.status.code(), Some(1), "{short:?}");
    assert!(said(&short).contains(&format!("FAULT  {home}: 2 records, 1 to 2; it reached 3 and ends with 2\n")));

    let config = config::Database::from_env(&app.env).unwrap();
    let client = mongodb::Client::with_uri_str(config.uri.expose()).await.unwrap();
    let stored = client.database(&config.name).collection::<mongodb::bson::Document>("audit");
    let change = doc! { "$set": { "record": "{}" } };
    stored
        .update_one(doc! { "org": mongodb::bson::oid::ObjectId::from_bytes(home.0.bytes()), "seq": 2_i64 }, change)
        .await
        .unwrap();
    let broken = verify(&app, &["--json"]);
    assert_eq!(broken.status.code(), Some(1), "{broken:?}");
    let reports: Vec<Value> = said(&broken).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |org: domain::OrgId| reports.iter().find(|report| report["org"] == org.to_string()).unwrap();
    let expected = json!({ "org": home.to_string(), "ok": false, "checked": 2, "from": 1, "sealedUpTo": 2,
        "faults": [{ "kind": "changed", "seq": 2 }] });
    assert_eq!(of(home), &expected);
    assert_eq!(of(away)["ok"], true);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_said() {
    let app = TestApp::alone(|_| axum::Router::new()).await;
    let wrong = verify(&app, &["--reaches", "everything"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("audit sealed"), "{wrong:?}");
    let mut keyless = Command::new(env!("CARGO_BIN_EXE_local"));
    let keyless = keyless.env_clear().args(["audit", "verify"]).env("MONGODB_URI", value(&app.env, "MONGODB_URI"));
    let keyless = keyless.output().unwrap();
    assert_eq!(keyless.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&keyless.stderr).contains("AUDIT_KEYS"), "{keyless:?}");
}
