//! Journeys across functions, as a client of the whole API travels them.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod common;

use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use domain::alerts::{AlertKind, NewAlert, Severity};
use domain::calls::{EndReason, Outcome, Status};
use domain::caregivers::Preferences;
use domain::conversations::Speaker;
use domain::jobs::Queue;
use domain::{PatientId, Role};
use jiff::SignedDuration;
use openai_sim::{Sim, SimConfig};
use serde_json::{Value, json};
use testkit::{Client, Fronts, PASSWORD, TestApp, cell};
use tower::ServiceExt as _;

/// Every function's routes, as API Gateway puts them together.
fn api(fronts: &Fronts) -> Router {
    Router::new()
        .merge(auth::routes().split_for_parts().0.with_state(fronts.accounts.clone()))
        .merge(orgs::routes().split_for_parts().0.with_state(fronts.accounts.clone()))
        .merge(patients::routes().split_for_parts().0.with_state(fronts.base.clone()))
        .merge(alerts::routes().split_for_parts().0.with_state(fronts.base.clone()))
        .merge(privacy::routes().split_for_parts().0.with_state(fronts.audit.clone()))
        .merge(conversations::routes().split_for_parts().0.with_state(fronts.calls.clone()))
        .merge(docs::routes())
}

/// Lambda's part: one batch from a queue through the worker, and what succeeded is put away.
async fn work_off(queue: Queue, app: &TestApp, worker: &jobs::JobCtx) {
    let messages = app.ctx.queues.receive(queue, 10, Duration::from_secs(5)).await.unwrap();
    assert!(!messages.is_empty(), "nothing was queued");
    let mut event = SqsEvent::default();
    for received in &messages {
        let mut message = SqsMessage::default();
        (message.message_id, message.body) = (Some(received.id.clone()), Some(received.body.clone()));
        event.records.push(message);
    }
    let response = jobs::work(worker, event).await;
    assert!(response.batch_item_failures.is_empty(), "{:?}", response.batch_item_failures);
    for message in &messages {
        app.ctx.queues.done(queue, message).await.unwrap();
    }
}

#[tokio::test]
async fn a_patient_is_added_called_and_read_about() {
    let app = TestApp::start(api).await;
    let model = Sim::start(SimConfig::default()).unwrap();
    let env = app.env.clone().with("OPENAI_API_KEY", "key").with("OPENAI_BASE_URL", model.base_url());
    let worker = jobs::wire_worker(&env).await.unwrap();

    // Signing in.
    let credentials = json!({ "email": app.admin.caregiver().email.as_str(), "password": PASSWORD });
    let welcome = app.anyone.post("/v1/auth/login", credentials).await.ok(200);
    assert_eq!(welcome["patients"], json!([]));
    let admin = app.anyone.with_token(welcome["tokens"]["access"]["token"].as_str().unwrap());

    // A patient, whom a staff member will care for.
    let ada = json!({ "name": "Ada Byron", "phone": "+15550100123", "preferredLanguage": "en" });
    let patient = admin.post("/v1/patients", ada).await.ok(201)["id"].as_str().unwrap().to_owned();
    let staff = app.staff.caregiver().id;
    app.staff.get(format!("/v1/patients/{patient}")).await.refused(404, "patient_not_found");
    admin.post(format!("/v1/patients/{patient}/caregivers/{staff}"), json!({})).await.ok(200);
    app.staff.get(format!("/v1/patients/{patient}")).await.ok(200);

    // A call, which a cell takes and holds.
    let asked = admin.post("/v1/calls/initiate", json!({ "patientId": patient, "callNotes": "The knee?" })).await;
    let asked = asked.ok(201)["callId"].as_str().unwrap().to_owned();
    assert_eq!(admin.get("/v1/calls/active").await.ok(200)["count"], 1);
    let said = [
        (Speaker::Assistant, "Good morning, Ada."),
        (Speaker::Patient, "I slept well."),
        (Speaker::Assistant, "How is the knee?"),
        (Speaker::Patient, "Much better."),
    ];
    let held = common::hold_a_call(&app.ctx, &said).await;
    assert_eq!(held.to_string(), asked);
    assert_eq!(admin.get("/v1/calls/active").await.ok(200)["count"], 0);
    let status = &admin.get(format!("/v1/calls/{held}/status")).await.ok(200)["data"];
    assert_eq!((&status["status"], &status["callStatus"]), (&json!("completed"), &json!("ended")));

    // What was said, and in short.
    let address = format!("/v1/conversations/{held}");
    assert_eq!(app.staff.get(&address).await.ok(200)["history"], json!(null));
    work_off(Queue::Chores, &app, &worker).await;
    let conversation = app.staff.get(&address).await.ok(200);
    let shown = conversation["messages"].as_array().unwrap().iter();
    let shown: Vec<_> = shown.map(|message| message["content"].as_str().unwrap()).collect();
    assert_eq!(shown, said.map(|(_, text)| text));
    let summary = conversation["history"].as_str().unwrap();
    assert!(summary.contains("I slept well.") && summary.contains("Much better."), "{summary}");
    assert_eq!((&conversation["callOutcome"], &conversation["callNotes"]), (&json!("answered"), &json!("The knee?")));
    let page = app.staff.get(format!("/v1/patients/{patient}/conversations")).await.ok(200);
    assert_eq!((&page["totalResults"], &page["results"][0]["history"]), (&json!(1), &json!(summary)));
    app.stranger.get(&address).await.refused(404, "conversation_not_found");

    // Signing out.
    let refresh = &welcome["tokens"]["refresh"]["token"];
    admin.post("/v1/auth/logout", json!({ "refreshToken": refresh })).await.ok(204);
    admin.get("/v1/patients").await.refused(401, "session_ended");
}

#[tokio::test]
async fn limits_can_be_switched_off_where_nobody_else_can_ask() {
    let app = TestApp::start(api).await;
    let statuses = async |switch: &str| {
        let router = auth::wire(&app.env.clone().with("RATE_LIMITS", switch)).await.unwrap();
        let mut found = Vec::new();
        // Ten codes in half an hour are allowed.
        for _ in 0..12 {
            let request = Request::post("/v1/mfa/verify").header("content-type", "application/json");
            let request = request.header("authorization", format!("Bearer {}", app.staff.token()));
            let answer =
                router.clone().oneshot(request.body(Body::from(r#"{"token":"123456"}"#)).unwrap()).await.unwrap();
            found.push((answer.status().as_u16(), answer.headers().contains_key("ratelimit")));
        }
        found
    };
    assert!(statuses("on").await.contains(&(429, true)));
    // The same caller, who has none left: not counted, and not told of limits.
    assert!(statuses("off").await.iter().all(|found| *found == (400, false)));
}

#[tokio::test]
async fn a_colleague_is_invited_comes_cares_for_a_patient_and_leaves() {
    let app = TestApp::start(api).await;
    let env = app.env.clone().with("OPENAI_API_KEY", "key").with("OPENAI_BASE_URL", "http://127.0.0.1:1/v1");
    let worker = jobs::wire_worker(&env).await.unwrap();
    let ada = app.patient("Ada", &[]).await.id;
    app.patient("Bo", &[&app.colleague]).await;

    // The invitation goes by mail, and only there.
    let email = format!("{}@demo.example", domain::CaregiverId::generate(app.ctx.now(), &*app.ctx.random));
    let sam = json!({ "name": "Sam Reed", "email": email, "phone": "+15550100124" });
    let path = format!("/v1/orgs/{}/invite", app.home.id);
    let invited = app.admin.patch(&path, sam).await.ok(200)["caregiver"]["id"].as_str().unwrap().to_owned();
    work_off(Queue::Jobs, &app, &worker).await;
    let mail = app.mails_at(&email).await.remove(0);
    let rest = mail.body.split_once("/signup?token=").unwrap().1;
    let token = rest.split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c))).next().unwrap();
    let shown = app.anyone.get(format!("/v1/auth/invite-info?token={token}")).await.ok(200);
    assert_eq!(shown, json!({ "name": "Sam Reed", "email": email, "phone": "+15550100124" }));
    let form = json!({ "token": token, "email": email, "password": "tulips in the rain 7", "name": "Sam Reed",
        "phone": "+15550100124" });
    let welcome = app.anyone.post("/v1/auth/registerWithInvite", form.clone()).await.ok(201);
    assert_eq!((&welcome["caregiver"]["id"], &welcome["caregiver"]["role"]), (&json!(invited), &json!("staff")));
    app.anyone.post("/v1/auth/registerWithInvite", form).await.refused(401, "token_invalid");
    let sam = app.anyone.with_token(welcome["tokens"]["access"]["token"].as_str().unwrap());

    // They see whom they care for, and nobody else.
    assert_eq!(sam.get("/v1/patients").await.ok(200)["totalResults"], 0);
    app.admin.post(format!("/v1/caregivers/{invited}/patients/{ada}"), json!({})).await.ok(200);
    let patients = sam.get("/v1/patients").await.ok(200);
    assert_eq!((&patients["totalResults"], &patients["results"][0]["name"]), (&json!(1), &json!("Ada")));
    assert_eq!(sam.get(format!("/v1/caregivers/{invited}/patients")).await.ok(200)[0]["id"], ada.to_string());
    let colleagues = format!("/v1/caregivers/{}/patients", app.colleague.caregiver().id);
    assert_eq!(sam.get(colleagues).await.ok(200), json!([]));

    // Gone, they are gone from everywhere in the same moment.
    app.admin.delete(format!("/v1/caregivers/{invited}")).await.ok(204);
    for path in ["/v1/patients", "/v1/calls/active", "/v1/orgs", &format!("/v1/caregivers/{invited}")] {
        sam.get(path).await.refused(401, "session_ended");
    }
    let refresh = json!({ "refreshToken": welcome["tokens"]["refresh"]["token"] });
    sam.post("/v1/auth/refresh-tokens", refresh).await.refused(401, "token_invalid");
    let login = json!({ "email": email, "password": "tulips in the rain 7" });
    app.anyone.post("/v1/auth/login", login).await.refused(401, "credentials_wrong");
    let unassigned = app.admin.get("/v1/patients/unassigned").await.ok(200);
    assert_eq!((unassigned.as_array().unwrap().len(), &unassigned[0]["name"]), (1, &json!("Ada")));
}

/// A system of its own, whose clock may be moved without moving anybody else's plans.
struct Care {
    app: TestApp,
    worker: jobs::JobCtx,
    tick: jobs::TickCtx,
    _model: Sim,
}

impl Care {
    async fn start() -> Self {
        let app = TestApp::alone(api).await;
        let model = Sim::start(SimConfig::default()).unwrap();
        let env = app.env.clone().with("OPENAI_API_KEY", "key").with("OPENAI_BASE_URL", model.base_url());
        let worker = jobs::wire_worker(&env).await.unwrap();
        let seals = services::audit::AuditSeals::new(&config::AuditKeys::from_env(&app.env).unwrap());
        let tick = jobs::TickCtx { base: (*app.ctx).clone(), seals: std::sync::Arc::new(seals) };
        Self { app, worker, tick, _model: model }
    }

    /// Time passes, and the minute strikes: EventBridge's part, and Lambda's.
    async fn after(&self, time: SignedDuration) {
        self.app.clock.advance(time);
        for _ in 0..2 {
            jobs::tick(&self.tick).await.unwrap();
            self.app.clock.advance(SignedDuration::from_secs(31));
        }
        while let Some(event) = self.next_batch().await {
            assert!(jobs::work(&self.worker, event).await.batch_item_failures.is_empty());
        }
    }

    async fn next_batch(&self) -> Option<SqsEvent> {
        let messages = self.app.ctx.queues.receive(Queue::Jobs, 10, Duration::from_millis(300)).await.unwrap();
        let mut event = SqsEvent::default();
        for received in &messages {
            let mut message = SqsMessage::default();
            (message.message_id, message.body) = (Some(received.id.clone()), Some(received.body.clone()));
            event.records.push(message);
            self.app.ctx.queues.done(Queue::Jobs, received).await.unwrap();
        }
        (!messages.is_empty()).then_some(event)
    }

    /// Somebody signs in again: it is another day.
    async fn signed_in(&self, client: &Client) -> (Client, Value) {
        let credentials = json!({ "email": client.caregiver().email.as_str(), "password": PASSWORD });
        let welcome = self.app.anyone.elsewhere().post("/v1/auth/login", credentials).await.ok(200);
        (self.app.anyone.with_token(welcome["tokens"]["access"]["token"].as_str().unwrap()), welcome)
    }

    /// A patient who is called every day at half past nine; the clock shows that.
    async fn planned(&self) -> PatientId {
        let ada = self.app.patient("Ada", &[&self.app.staff]).await.id;
        let daily = json!({ "frequency": "daily", "intervals": [], "time": "09:30" });
        let planned = self.app.staff.post(format!("/v1/schedules/patients/{ada}"), daily).await.ok(201);
        let next: jiff::Timestamp = planned["nextCallDate"].as_str().unwrap().parse().unwrap();
        self.after(next.duration_since(self.app.ctx.now())).await;
        ada
    }

    async fn subjects(&self, client: &Client) -> Vec<String> {
        self.app.mails_to(client).await.into_iter().map(|mail| mail.subject).collect()
    }
}

#[tokio::test]
async fn schedule_to_call() {
    let care = Care::start().await;
    let ada = care.planned().await;
    let call =
        common::hold_a_call(&care.app.ctx, &[(Speaker::Assistant, "Good morning."), (Speaker::Patient, "Hello.")])
            .await;
    let (staff, welcome) = care.signed_in(&care.app.staff).await;
    let next: jiff::Timestamp =
        welcome["patients"][0]["schedules"][0]["nextCallDate"].as_str().unwrap().parse().unwrap();
    assert!(next > care.app.ctx.now(), "tomorrow again");
    let occurrences = staff.get(format!("/v1/patients/{ada}/occurrences")).await.ok(200);
    assert_eq!((&occurrences[0]["state"], &occurrences[0]["attempts"]), (&json!("reached"), &json!(1)));
    let said = staff.get(format!("/v1/conversations/{call}")).await.ok(200);
    assert_eq!(said["messages"].as_array().unwrap().len(), 2);
    assert_eq!(welcome["alerts"], json!([]));
}

#[tokio::test]
async fn missed_call_retries_then_alert() {
    let care = Care::start().await;
    let settings =
        json!({ "callRetrySettings": { "retryCount": 1, "retryIntervalMinutes": 10, "alertOnAllMissedCalls": false } });
    care.app.admin.patch(format!("/v1/orgs/{}", care.app.home.id), settings).await.ok(200);
    let ada = care.planned().await;
    for attempt in 1..=2 {
        let mut call = cell::take(&care.app.ctx).await.unwrap();
        cell::progress(&care.app.ctx, &mut call, Status::Ringing).await;
        cell::finish(&care.app.ctx, &call, Outcome::NoAnswer, EndReason::NoAnswer).await;
        let (_, welcome) = care.signed_in(&care.app.staff).await;
        assert_eq!(welcome["alerts"].as_array().unwrap().len(), attempt - 1, "only the last miss is told");
        care.after(SignedDuration::from_mins(10)).await;
    }
    let (staff, welcome) = care.signed_in(&care.app.staff).await;
    let alert = &welcome["alerts"][0];
    assert_eq!(
        (&alert["kind"], &alert["message"]),
        (&json!("call_missed"), &json!("Ada did not answer the planned call"))
    );
    assert_eq!(care.subjects(&care.app.staff).await, ["Ada did not answer the planned call"]);
    let occurrences = staff.get(format!("/v1/patients/{ada}/occurrences")).await.ok(200);
    assert_eq!((&occurrences[0]["state"], &occurrences[0]["attempts"]), (&json!("missed"), &json!(2)));
    staff.post(format!("/v1/alerts/markAsRead/{}", alert["id"].as_str().unwrap()), json!({})).await.ok(200);
    assert_eq!(staff.get("/v1/alerts").await.ok(200), json!([]));
}

#[tokio::test]
async fn emergency_to_sms_to_escalation() {
    let care = Care::start().await;
    let app = &care.app;
    let mut bytes = [0; 4];
    app.ctx.random.fill(&mut bytes);
    let number = format!("+1555{:07}", u32::from_be_bytes(bytes) % 10_000_000);
    let phone = number.parse().unwrap();
    let nora = app.caregiver(Role::Staff, |nora| (nora.phone, nora.phone_verified) = (Some(phone), true)).await;
    let on_call = Preferences { on_call: true, ..Preferences::default() };
    let watch = app.caregiver(Role::Staff, |watch| watch.alerts = on_call).await;
    let ada = app.patient("Ada", &[&nora]).await;
    app.admin.post("/v1/calls/initiate", json!({ "patientId": ada.id.to_string() })).await.ok(201);
    let mut call = cell::take(&app.ctx).await.unwrap();
    cell::progress(&app.ctx, &mut call, Status::Connected).await;

    // What a cell does when the detector finds something.
    let finding = domain::emergencies::assess("I can't breathe, help me", domain::Language::En).unwrap();
    let alert = NewAlert {
        org: ada.org,
        patient: Some(ada.id),
        call: Some(call.id),
        kind: AlertKind::Emergency,
        severity: finding.severity,
        key: "emergency_item_1".to_owned(),
        cues: finding.cues.iter().map(|cue| (*cue).to_owned()).collect(),
        phrases: finding.phrases,
        words: Some("I can't breathe, help me".to_owned().into()),
        written: None,
    };
    assert_eq!(alert.severity, Severity::Critical);
    let raised = services::alerts::raise(&app.ctx, alert).await.unwrap();
    assert_eq!(raised.informed, 1);
    assert_eq!(app.texts_to(&number).await, ["Urgent: Ada may need help now: http://127.0.0.1:8081"]);
    cell::finish(&app.ctx, &call, Outcome::Answered, EndReason::CallerHungUp).await;

    let urgent = "Urgent: Ada may need help now".to_owned();
    let told = async |client| care.subjects(client).await.contains(&urgent);
    assert!(!told(&watch).await && !told(&app.admin).await);
    care.after(SignedDuration::from_mins(5)).await;
    assert!(told(&watch).await && !told(&app.admin).await, "all on call");
    care.after(SignedDuration::from_mins(10)).await;
    assert!(told(&app.admin).await, "and the administrators");
    assert_eq!(app.texts_to(&number).await.len(), 1, "nobody twice");

    let (admin, welcome) = care.signed_in(&app.admin).await;
    let alert = format!("/v1/alerts/{}", welcome["alerts"][0]["id"].as_str().unwrap());
    assert_eq!(welcome["alerts"][0]["escalation"], "admins");
    let seen = admin.post(format!("{alert}/acknowledge"), json!({})).await.ok(200);
    assert_eq!(seen["acknowledged"]["by"], app.admin.caregiver().id.to_string());
    admin.post(format!("{alert}/resolve"), json!({ "note": "The ambulance was there." })).await.ok(200);
    assert_eq!(admin.get("/v1/alerts").await.ok(200), json!([]));
}
