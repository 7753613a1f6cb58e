//! `GET /v2/calls` and `GET /v2/calls/{callId}`.

use std::collections::BTreeSet;

use domain::calls::{Call, EndReason, Outcome, Speaking, Status};
use domain::conversations::Speaker;
use domain::patients::Patient;
use domain::{CallId, Role};
use jiff::SignedDuration;
use serde_json::{Value, json};
use services::calls::{self, Kept};
use services::patients;
use store::mongo::Calls;
use test_case::test_case;
use testkit::cell::{self, CELL};
use testkit::{Client, TestApp};

use crate::{app, initiate};

fn ids(page: &Value) -> Vec<String> {
    page["results"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

async fn listed(client: &Client, query: &str) -> Vec<String> {
    ids(&client.get(format!("/v2/calls?{query}")).await.ok(200))
}

/// A call that nobody answered, a millisecond after the one before.
async fn missed(app: &TestApp, client: &Client, patient: &Patient) -> CallId {
    app.clock.advance(SignedDuration::from_millis(1));
    let id = initiate(client, patient).await;
    let call = cell::take(&app.ctx).await.unwrap();
    cell::finish(&app.ctx, &call, Outcome::NoAnswer, EndReason::NoAnswer).await;
    id
}

#[tokio::test]
async fn a_call_is_followed_by_its_id_from_asking_to_the_end() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let asked = app.ctx.now();
    let id = initiate(&app.staff, &ada).await;
    let path = format!("/v2/calls/{id}");
    let staff = app.staff.caregiver();
    let seen = app.staff.get(&path).await.ok(200);
    let waiting = json!({
        "id": id.to_string(), "conversationId": null,
        "patient": { "id": ada.id.to_string(), "name": "Ada", "phone": "+15550100123" },
        "agent": { "id": staff.id.to_string(), "name": staff.name },
        "direction": "outbound", "status": "queued", "outcome": null, "endReason": null, "notes": null,
        "createdAt": format!("{asked:.3}"), "answeredAt": null, "endedAt": null, "talkSeconds": 0,
        "speaking": { "assistant": false, "patient": false, "assistantSince": null, "patientSince": null },
        "transcript": [],
    });
    assert_eq!(seen, waiting);

    let mut call = cell::take(&app.ctx).await.unwrap();
    cell::progress(&app.ctx, &mut call, Status::Ringing).await;
    let seen = app.staff.get(&path).await.ok(200);
    assert_eq!((&seen["status"], &seen["conversationId"]), (&json!("ringing"), &json!(null)));

    app.clock.advance(SignedDuration::from_secs(5));
    cell::progress(&app.ctx, &mut call, Status::Connected).await;
    let since = app.ctx.now();
    let speaking = Speaking { ai: true, ai_since: Some(since), ..Speaking::default() };
    assert_eq!(calls::renew(&app.ctx, id, CELL, &speaking).await.unwrap(), Some(Kept::default()));
    cell::say(&app.ctx, id, 1, Speaker::Patient, "Hello?").await;
    cell::say(&app.ctx, id, 0, Speaker::Assistant, "Good morning.").await;
    app.clock.advance(SignedDuration::from_secs(30));
    let seen = app.staff.get(&path).await.ok(200);
    assert_eq!((&seen["status"], &seen["conversationId"]), (&json!("connected"), &json!(id.to_string())));
    assert_eq!((&seen["speaking"]["assistant"], &seen["speaking"]["patient"]), (&json!(true), &json!(false)));
    assert_eq!(
        (&seen["speaking"]["assistantSince"], &seen["talkSeconds"]),
        (&json!(format!("{since:.3}")), &json!(30))
    );
    let turns = seen["transcript"].as_array().unwrap().iter();
    let turns: Vec<_> = turns.map(|turn| (turn["speaker"].as_str().unwrap(), turn["text"].as_str().unwrap())).collect();
    assert_eq!(turns, [("assistant", "Good morning."), ("patient", "Hello?")]);

    cell::finish(&app.ctx, &call, Outcome::Answered, EndReason::CallerHungUp).await;
    let seen = app.staff.get(&path).await.ok(200);
    assert_eq!((&seen["status"], &seen["outcome"]), (&json!("ended"), &json!("answered")));
    assert_eq!((&seen["endReason"], &seen["speaking"]["assistant"]), (&json!("caller_hung_up"), &json!(false)));
    assert_eq!(listed(&app.staff, "status=ended").await, [id.to_string()]);
}

#[tokio::test]
async fn nobody_follows_calls_of_patients_they_do_not_see() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let path = format!("/v2/calls/{id}");
    app.admin.get(&path).await.ok(200);
    for client in [&app.colleague, &app.stranger] {
        client.get(&path).await.problem(404, "call_not_found");
        client.get(format!("/v2/calls?patient={}", ada.id)).await.problem(404, "patient_not_found");
        assert!(listed(client, "status=all").await.is_empty());
    }
    app.invited.get(&path).await.problem(403, "role_not_allowed");
    app.invited.get("/v2/calls").await.problem(403, "role_not_allowed");
    app.anyone.get(&path).await.problem(401, "token_missing");
    app.anyone.get("/v2/calls").await.problem(401, "token_missing");
    app.admin.get("/v2/calls/nonsense").await.problem_with(&["callId"]);
    app.admin.get("/v2/calls/6789abcd1111111111111111").await.problem(404, "call_not_found");
}

#[tokio::test]
async fn everyone_lists_the_calls_of_the_patients_they_see_whoever_asked_for_them() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let bo = app.patient("Bo", &[&app.colleague]).await;
    let first = missed(&app, &app.admin, &ada).await.to_string();
    let second = missed(&app, &app.colleague, &bo).await.to_string();
    app.clock.advance(SignedDuration::from_millis(1));
    let running = initiate(&app.admin, &ada).await.to_string();
    let all = [&running, &second, &first].map(Clone::clone);
    assert_eq!(listed(&app.admin, "").await, all);
    assert_eq!(listed(&app.admin, "status=live").await, all[..1]);
    assert_eq!(listed(&app.admin, "status=ended").await, all[1..]);
    assert_eq!(listed(&app.staff, "").await, [running.clone(), first.clone()]);
    assert_eq!(listed(&app.staff, "status=live").await, all[..1]);
    assert_eq!(listed(&app.staff, "status=ended").await, all[2..]);
    assert_eq!(listed(&app.colleague, "status=all").await, all[1..2]);
    for (status, expected) in [("live", &all[..1]), ("ended", &all[2..])] {
        assert_eq!(listed(&app.admin, &format!("status={status}&patient={}", ada.id)).await, expected, "{status}");
    }
    // What is not over is not lost with its patient.
    patients::remove(&app.ctx, &app.caller_of(&app.admin), ada.id).await.unwrap();
    assert_eq!(listed(&app.staff, "status=live").await, all[..1]);
    assert_eq!(listed(&app.admin, &format!("patient={}", ada.id)).await, [running, first]);
}

#[tokio::test]
async fn an_operator_names_the_organisation() {
    let app = app().await;
    let (ada, di) = (app.patient("Ada", &[]).await, app.foreign_patient("Di").await);
    let (home, away) = (missed(&app, &app.admin, &ada).await, missed(&app, &app.stranger, &di).await);
    let operator = app.caregiver(Role::SuperAdmin, |_| {}).await;
    let foreign = format!("org={}", app.stranger.caregiver().org);
    assert_eq!(listed(&operator, "").await, [home.to_string()]);
    assert_eq!(listed(&operator, &foreign).await, [away.to_string()]);
    app.admin.get(format!("/v2/calls?{foreign}")).await.problem(404, "org_not_found");
}

#[test_case("status=running", &["status"]; "a word that is none")]
#[test_case("patient=ada&cursor=x&limit=-1", &["cursor", "limit", "patient"]; "three things at once")]
#[test_case("sortBy=createdAt:asc", &["sortBy"]; "an order of the first version")]
#[tokio::test]
async fn what_is_wrong_is_a_problem_that_names_it(query: &str, fields: &[&str]) {
    app().await.admin.get(format!("/v2/calls?{query}")).await.problem_with(fields);
}

/// Calls of one instant, as a schedule asks for them.
async fn many(app: &TestApp, patients: &[Patient]) -> BTreeSet<String> {
    let now = app.ctx.now();
    let mut added = BTreeSet::new();
    for patient in patients {
        let id = CallId::generate(now, &*app.ctx.random);
        let mut call = Call::request(id, app.home.id, patient.id, None, None, now);
        call.end(Outcome::Busy, EndReason::Busy, now);
        app.ctx.store.commit([Calls::add(&call).unwrap()]).await.unwrap();
        added.insert(id.to_string());
    }
    added
}

#[test_case("status=all"; "all of them")]
#[test_case("status=ended"; "those that are over")]
#[tokio::test]
async fn a_walk_meets_every_call_once_while_others_begin(query: &str) {
    let app = app().await;
    let mut patients = Vec::new();
    for name in ["Ada", "Bo", "Cy", "Di"] {
        patients.push(app.patient(name, &[&app.staff]).await);
    }
    let mut before = BTreeSet::new();
    for _ in 0..3 {
        app.clock.advance(SignedDuration::from_millis(1));
        before.extend(many(&app, &patients).await);
    }
    for client in [&app.admin, &app.staff] {
        let (mut cursor, mut walked) = (String::new(), Vec::new());
        loop {
            let page = client.get(format!("/v2/calls?{query}&limit=5{cursor}")).await.ok(200);
            walked.extend(ids(&page));
            app.clock.advance(SignedDuration::from_millis(1));
            let later = many(&app, &patients[..1]).await;
            assert!(walked.iter().all(|id| !later.contains(id)));
            let Some(next) = page["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let met: BTreeSet<_> = walked.iter().cloned().collect();
        assert_eq!(met.len(), walked.len(), "a call was met twice");
        assert!(met.is_superset(&before));
    }
}

#[tokio::test]
async fn a_screen_that_stays_open_is_recorded_once_and_again_when_it_shows_more() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let first = missed(&app, &app.staff, &ada).await;
    let looks = async || {
        let records = app.ctx.store.audits().inbox(Some(app.home.id), 100).await.unwrap();
        let admin = Some(app.admin.caregiver().id);
        let looks = records.into_iter().filter(|record| record.actor.account() == admin);
        looks.map(|record| record.ids).collect::<Vec<_>>()
    };
    for _ in 0..3 {
        app.admin.get("/v2/calls").await.ok(200);
    }
    assert_eq!(looks().await, [[first.to_string()]]);
    let second = missed(&app, &app.staff, &ada).await;
    app.admin.get("/v2/calls").await.ok(200);
    let looks = looks().await;
    assert_eq!((looks.len(), &looks[1]), (2, &vec![second.to_string(), first.to_string()]));
}

#[tokio::test]
async fn the_first_version_says_what_takes_its_place() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    for path in ["active".to_owned(), format!("{id}/status"), format!("{id}/conversation")] {
        let reply = app.staff.get(format!("/v1/calls/{path}")).await;
        assert!(reply.headers["link"].to_str().unwrap().contains("</v2/calls>; rel=\"successor-version\""), "{path}");
        assert!(reply.headers.contains_key("deprecation") && reply.headers.contains_key("sunset"), "{path}");
    }
    for path in [format!("/v2/calls/{id}"), "/v2/calls".to_owned(), format!("/v1/conversations/{id}")] {
        let reply = app.staff.get(&path).await;
        assert!(!reply.headers.contains_key("deprecation") && !reply.headers.contains_key("link"), "{path}");
    }
    // Notes are still taken where they were.
    let noted = app.staff.post(format!("/v1/calls/{id}/status"), json!({ "status": "ended", "notes": "fine" })).await;
    assert!(!noted.headers.contains_key("deprecation"));
    assert_eq!(app.staff.get(format!("/v2/calls/{id}")).await.ok(200)["notes"], "fine");
}
