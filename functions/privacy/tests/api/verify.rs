//! `GET /v1/audit/verify`, and every chain at once.

use domain::audit::Fault;
use mongodb::bson::{Document, doc};
use serde_json::{Value, json};
use services::audit::{self, AuditSeals};
use test_case::test_case;
use testkit::TestApp;

use crate::{alone, app, looks_at, operator, other_org, rows, stored};

/// An organisation with eight sealed records.
async fn with_a_trail() -> TestApp {
    let app = alone().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    for _ in 0..7 {
        looks_at(&app, &app.staff, &ada).await;
    }
    assert_eq!(verified(&app).await, json!({ "ok": true, "checked": 8, "from": 1, "sealedUpTo": 8, "faults": [] }));
    app
}

async fn verified(app: &TestApp) -> Value {
    app.admin.get("/v1/audit/verify").await.ok(200)
}

async fn change(app: &TestApp, seq: i64, change: Document) {
    let filter = doc! { "org": oid(app), "seq": seq };
    assert_eq!(stored(app).await.update_one(filter, change).await.unwrap().modified_count, 1);
}

fn oid(app: &TestApp) -> mongodb::bson::oid::ObjectId {
    mongodb::bson::oid::ObjectId::from_bytes(app.home.id.0.bytes())
}

#[tokio::test]
async fn a_trail_begins_with_the_look_at_it() {
    let body = verified(&app().await).await;
    assert_eq!(body, json!({ "ok": true, "checked": 1, "from": 1, "sealedUpTo": 1, "faults": [] }));
}

#[tokio::test]
async fn administrators_verify_their_own_and_operators_any() {
    let app = app().await;
    let away = format!("/v1/audit/verify?org={}", other_org(&app));
    app.staff.get("/v1/audit/verify").await.refused(403, "role_not_allowed");
    app.invited.get("/v1/audit/verify").await.refused(403, "role_not_allowed");
    app.anyone.get("/v1/audit/verify").await.refused(401, "token_missing");
    app.admin.get(&away).await.refused(404, "org_not_found");
    app.admin.get("/v1/audit/verify?org=away").await.invalid(&["org"]);
    assert_eq!(operator(&app).await.get(&away).await.ok(200)["sealedUpTo"], 1);
}

#[tokio::test]
async fn verifying_is_work_and_counted_as_such() {
    let app = app().await;
    for _ in 0..30 {
        app.admin.get("/v1/audit/verify").await.ok(200);
    }
    app.admin.get("/v1/audit/verify").await.refused(429, "too_many_requests");
    app.admin.get("/v1/audit").await.ok(200);
}

#[test_case(doc! { "$set": { "record": "{}" } }; "a record that is none")]
#[test_case(doc! { "$set": { "record": 7 } }; "a number")]
#[test_case(doc! { "$set": { "ids": ["6789abcd1111111111111111"] } }; "whom it is found by")]
#[test_case(doc! { "$unset": { "actor": "" } }; "whom it is not found by any more")]
#[test_case(doc! { "$set": { "highRisk": true } }; "what people should look at")]
#[test_case(doc! { "$set": { "at": mongodb::bson::DateTime::from_millis(0) } }; "when it is let go")]
#[tokio::test]
async fn a_record_that_was_changed_is_named_and_hides_no_other(how: Document) {
    let app = with_a_trail().await;
    change(&app, 4, how).await;
    let body = verified(&app).await;
    assert_eq!((&body["ok"], &body["checked"]), (&json!(false), &json!(9)));
    assert_eq!(body["faults"], json!([{ "kind": "changed", "seq": 4 }]));
    // It is left out of the list, where its number is missing.
    let seqs: Vec<_> = rows(&app.admin.get("/v1/audit").await.ok(200)).iter().map(|row| row["seq"].clone()).collect();
    assert_eq!(seqs, [10, 9, 8, 7, 6, 5, 3, 2, 1].map(|seq| json!(seq)));
}

#[tokio::test]
async fn a_record_that_still_reads_well_is_found_by_its_seal() {
    let app = with_a_trail().await;
    let record = stored(&app).await.find_one(doc! { "org": oid(&app), "seq": 3_i64 }).await.unwrap().unwrap();
    let forged = record.get_str("record").unwrap().replace("\"SUCCESS\"", "\"FAILURE\"");
    change(&app, 3, doc! { "$set": { "record": forged } }).await;
    assert_eq!(verified(&app).await["faults"], json!([{ "kind": "changed", "seq": 3 }]));
}

#[tokio::test]
async fn a_seal_that_was_changed_leaves_nothing_to_vouch_for_the_next() {
    let app = with_a_trail().await;
    change(&app, 3, doc! { "$unset": { "seal": "" } }).await;
    let faults = verified(&app).await["faults"].clone();
    assert_eq!(faults, json!([{ "kind": "changed", "seq": 3 }, { "kind": "changed", "seq": 4 }]));
}

#[tokio::test]
async fn a_record_that_was_taken_out_is_missed() {
    let app = with_a_trail().await;
    stored(&app).await.delete_one(doc! { "org": oid(&app), "seq": 3_i64 }).await.unwrap();
    let faults = verified(&app).await["faults"].clone();
    assert_eq!(faults, json!([{ "kind": "gap", "expected": 3, "found": 4 }, { "kind": "changed", "seq": 4 }]));
}

#[tokio::test]
async fn a_number_of_another_kind_is_found_and_stops_nobody() {
    let app = with_a_trail().await;
    change(&app, 8, doc! { "$set": { "seq": 8.0 } }).await;
    let body = verified(&app).await;
    assert_eq!((&body["sealedUpTo"], &body["faults"]), (&json!(9), &json!([{ "kind": "changed", "seq": 8 }])));
}

#[tokio::test]
async fn a_number_that_is_none_any_more_ends_the_check_with_a_fault() {
    let app = with_a_trail().await;
    change(&app, 5, doc! { "$set": { "seq": 5.5 } }).await;
    let body = verified(&app).await;
    assert_eq!((&body["ok"], &body["checked"]), (&json!(false), &json!(9)), "{body}");
    assert_eq!(body["faults"][0], json!({ "kind": "gap", "expected": 5, "found": 0 }));
}

#[tokio::test]
async fn what_the_log_saw_and_the_database_does_not_have_any_more_is_missed() {
    let app = with_a_trail().await;
    let seals = AuditSeals::new(&config::AuditKeys::from_env(&app.env).unwrap());
    let all = async |reaches: &[(Option<domain::OrgId>, u64)]| {
        audit::verify_all(&app.ctx.store, &seals, reaches).await.unwrap()
    };
    let (home, away) = (Some(app.home.id), Some(other_org(&app)));
    let reports = all(&[(home, 8)]).await;
    assert!(reports.len() == 1 && reports[0].findings.faults.is_empty(), "{reports:?}");
    stored(&app).await.delete_one(doc! { "org": oid(&app), "seq": 8_i64 }).await.unwrap();
    assert!(all(&[]).await[0].findings.faults.is_empty(), "nothing in the database tells");
    let reports = all(&[(home, 8), (away, 5), (home, 3)]).await;
    let faults = |org| {
        let report = reports.iter().find(|report| report.org == org).unwrap();
        report.findings.faults.clone()
    };
    assert_eq!(faults(home), [Fault::Shortened { ends: 7, expected: 8 }]);
    assert_eq!(faults(away), [Fault::Shortened { ends: 0, expected: 5 }]);
}
