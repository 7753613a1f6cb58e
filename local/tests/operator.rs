//! `local operator`, as whoever runs the platform uses it.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

use std::process::{Command, Output};

use domain::Role;
use domain::audit::Action;
use testkit::{Client, TestApp};

fn operator(app: &TestApp, client: &Client, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.env_clear().arg("operator").arg(client.caregiver().email.as_str()).args(more);
    for name in ["MONGODB_URI", "MONGODB_DATABASE", "CACHE_URL", "AWS_REGION", "STAGE"] {
        if app.env.has(name) {
            command.env(name, app.env.get(&config::Variable { name, what: "", must: "", default: None }).unwrap());
        }
    }
    command.output().unwrap()
}

fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

async fn role(app: &TestApp, client: &Client) -> Role {
    app.account(client.caregiver().email.as_str()).await.unwrap().0.role
}

#[tokio::test]
async fn an_administrator_with_a_second_factor_is_made_one_and_signs_in_anew() {
    let app = TestApp::start(|_| axum::Router::new()).await;
    let nora = app.caregiver(Role::OrgAdmin, |caregiver| caregiver.mfa_enabled = true).await;
    app.whose(&nora.token().to_owned().into()).await.unwrap();
    let done = operator(&app, &nora, &[]);
    assert!(done.status.success(), "{done:?}");
    assert_eq!(role(&app, &nora).await, Role::SuperAdmin);
    let ended = app.whose(&nora.token().to_owned().into()).await.unwrap_err();
    assert_eq!(ended.code, "session_ended");
    // Twice is once.
    assert!(operator(&app, &nora, &[]).status.success());
    assert!(operator(&app, &nora, &["--remove"]).status.success());
    assert_eq!(role(&app, &nora).await, Role::OrgAdmin);
    let trail = app.ctx.store.audits().inbox(Some(app.home.id), 500).await.unwrap();
    let id = nora.caregiver().id.to_string();
    let noted = trail.iter().filter(|record| record.action == Action::PermissionChange && record.high_risk);
    let noted: Vec<_> = noted.filter(|record| record.ids[0] == id).map(|record| record.ids[1].as_str()).collect();
    assert_eq!(noted, ["superAdmin", "orgAdmin"]);
}

#[tokio::test]
async fn nobody_else_is() {
    let app = TestApp::start(|_| axum::Router::new()).await;
    assert!(complaint(&operator(&app, &app.admin, &[])).contains("second factor"));
    assert!(complaint(&operator(&app, &app.staff, &[])).contains("Only an administrator"));
    assert!(complaint(&operator(&app, &app.staff, &["--remove"])).contains("Only an administrator"));
    assert_eq!((role(&app, &app.admin).await, role(&app, &app.staff).await), (Role::OrgAdmin, Role::Staff));
    let gone = app.caregiver(Role::OrgAdmin, |caregiver| caregiver.mfa_enabled = true).await;
    app.ctx.store.commit([store::mongo::Caregivers::remove(gone.caregiver(), app.ctx.now())]).await.unwrap();
    complaint(&operator(&app, &gone, &[]));
}
