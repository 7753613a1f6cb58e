//! `GET /v1/audit`.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::{Value, json};
use test_case::test_case;

use crate::{app, looks_at, operator, other_org, rows};

#[tokio::test]
async fn administrators_read_the_trail_of_their_organisation_and_nobody_else_does() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    looks_at(&app, &app.staff, &ada).await;
    let page = app.admin.get("/v1/audit").await.ok(200);
    assert_eq!(page["nextCursor"], Value::Null);
    assert!(rows(&page).iter().any(|row| row["ids"] == json!([ada.id.to_string()])), "{page}");
    for client in [&app.staff, &app.colleague, &app.invited] {
        client.get("/v1/audit").await.refused(403, "role_not_allowed");
    }
    app.anyone.get("/v1/audit").await.refused(401, "token_missing");
    let foreign = app.stranger.get("/v1/audit").await;
    assert!(!foreign.text.contains(&ada.id.to_string()), "{}", foreign.text);
    assert_eq!(rows(&foreign.ok(200)).len(), 1, "the stranger's own look");
}

#[tokio::test]
async fn a_record_says_who_did_what_to_whom_from_where_and_what_came_of_it() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    looks_at(&app, &app.staff, &ada).await;
    looks_at(&app, &app.colleague, &ada).await;
    let page = app.admin.get("/v1/audit").await.ok(200);
    let [look, refused, seen] = <[Value; 3]>::try_from(rows(&page)).unwrap();
    assert_eq!(seen["actor"]["kind"], "caregiver");
    assert_eq!(seen["actor"]["id"], app.staff.caregiver().id.to_string());
    assert_eq!(seen["actor"]["role"], "staff");
    assert_eq!(seen["actor"]["session"].as_str().unwrap().len(), 24);
    assert_eq!((&seen["action"], &seen["subject"]), (&json!("READ"), &json!("patient")));
    assert_eq!((&seen["ids"], &seen["outcome"]), (&json!([ada.id.to_string()]), &json!("SUCCESS")));
    assert_eq!((&seen["seq"], &seen["code"], &seen["highRisk"]), (&json!(1), &json!(null), &json!(false)));
    assert!(seen["at"].as_str().unwrap().ends_with('Z') && seen["at"].as_str().unwrap().len() == 24, "{seen}");
    assert_eq!(seen["seal"].as_str().unwrap().len(), 64);
    assert_eq!((&refused["outcome"], &refused["code"]), (&json!("FAILURE"), &json!("patient_not_found")));
    // That the trail was read is in it, with where from and which request it was.
    assert_eq!((&look["subject"], &look["actor"]["role"]), (&json!("audit"), &json!("orgAdmin")));
    assert!(look["address"].as_str().unwrap().starts_with("2001:"), "{look}");
    assert!(look["requestId"].as_str().unwrap().len() >= 8);
}

#[tokio::test]
async fn reading_the_trail_and_being_refused_it_are_recorded() {
    let app = app().await;
    app.staff.get("/v1/audit").await.refused(403, "role_not_allowed");
    app.clock.advance(SignedDuration::from_millis(1));
    app.admin.get("/v1/audit").await.ok(200);
    let page = app.admin.get("/v1/audit").await.ok(200);
    let told: Vec<_> = rows(&page).iter().map(|row| (row["actor"]["role"].clone(), row["code"].clone())).collect();
    let admin = || (json!("orgAdmin"), json!(null));
    assert_eq!(told, [admin(), admin(), (json!("staff"), json!("role_not_allowed"))]);
}

#[tokio::test]
async fn a_walk_misses_nothing_and_repeats_nothing_while_records_are_added() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    for _ in 0..10 {
        looks_at(&app, &app.staff, &ada).await;
    }
    let (mut path, mut walked) = ("/v1/audit?limit=3".to_owned(), Vec::new());
    for page in 1.. {
        let body = app.admin.get(&path).await.ok(200);
        walked.extend(rows(&body).iter().map(|row| row["seq"].as_u64().unwrap()));
        // One more each time, beside the one that the page itself is.
        looks_at(&app, &app.staff, &ada).await;
        let Some(cursor) = body["nextCursor"].as_str() else { break };
        assert!(rows(&body).len() == 3 && page < 10, "{body}");
        path = format!("/v1/audit?limit=3&cursor={cursor}");
    }
    // The ten, and the look that began the walk.
    assert_eq!(walked, (1..=11).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn the_trail_is_narrowed_to_one_patient_one_person_or_what_is_worth_a_look() {
    let app = app().await;
    let (ada, bo) = (app.patient("Ada", &[&app.staff]).await, app.patient("Bo", &[&app.colleague]).await);
    for _ in 0..3 {
        looks_at(&app, &app.staff, &ada).await;
        looks_at(&app, &app.colleague, &bo).await;
    }
    looks_at(&app, &app.colleague, &ada).await;
    looks_at(&app, &operator(&app).await, &bo).await;
    let actors = async |query: &str| {
        let page = app.admin.get(format!("/v1/audit?{query}")).await.ok(200);
        let mine = app.admin.caregiver().id.to_string();
        let all: Vec<_> = rows(&page).iter().map(|row| row["actor"]["id"].as_str().unwrap().to_owned()).collect();
        all.into_iter().filter(|id| *id != mine).collect::<Vec<_>>()
    };
    let (staff, colleague) = (app.staff.caregiver().id, app.colleague.caregiver().id);
    let about = actors(&format!("about={}", ada.id)).await;
    assert_eq!(about, [colleague, staff, staff, staff].map(|id| id.to_string()));
    assert_eq!(actors(&format!("about={}", ada.id.to_string().to_uppercase())).await, about);
    let by = actors(&format!("actor={colleague}")).await;
    assert_eq!(by, vec![colleague.to_string(); 4]);
    let page = app.admin.get("/v1/audit?highRisk=true").await.ok(200);
    let risky = rows(&page);
    assert!(risky.len() == 1 && risky[0]["actor"]["role"] == "superAdmin", "{page}");
    // Narrowed lists are walked like the whole one.
    let first = app.admin.get(format!("/v1/audit?actor={colleague}&limit=3")).await.ok(200);
    let rest = format!("/v1/audit?actor={colleague}&limit=3&cursor={}", first["nextCursor"].as_str().unwrap());
    let rest = app.admin.get(rest).await.ok(200);
    assert_eq!((rows(&first).len(), rows(&rest).len(), &rest["nextCursor"]), (3, 1, &Value::Null));
    let seqs: BTreeSet<_> = rows(&first).iter().chain(&rows(&rest)).map(|row| row["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs.len(), 4);
}

#[tokio::test]
async fn only_an_operator_reads_the_trail_of_another_organisation_and_its_people_see_it() {
    let app = app().await;
    let (home, away) = (app.home.id, other_org(&app));
    app.admin.get(format!("/v1/audit?org={home}")).await.ok(200);
    app.admin.get(format!("/v1/audit?org={away}")).await.refused(404, "org_not_found");
    let operator = operator(&app).await;
    let path = format!("/v1/audit?org={away}");
    let [look] = <[Value; 1]>::try_from(rows(&operator.get(&path).await.ok(200))).unwrap();
    assert_eq!((&look["actor"]["role"], &look["highRisk"]), (&json!("superAdmin"), &json!(true)));
    let seen = rows(&app.stranger.get("/v1/audit").await.ok(200));
    assert_eq!(seen[1]["id"], look["id"]);
    operator.get("/v1/audit?org=6789abcd1111111111111111").await.refused(404, "org_not_found");
    // Whoever tried what is not theirs left a trace at home.
    let tried = rows(&app.admin.get(format!("/v1/audit?about={away}")).await.ok(200));
    assert!(tried.iter().any(|row| row["code"] == "org_not_found" && row["outcome"] == "FAILURE"), "{tried:?}");
}

#[test_case("limit=0", &["limit"]; "no rows")]
#[test_case("limit=101", &["limit"]; "too many rows")]
#[test_case("cursor=x", &["cursor"]; "no cursor")]
#[test_case("cursor=AQAAAAAAAAAAAAAAAAAAAAAAAAAA&limit=ten", &["cursor", "limit"]; "a cursor of another list and no number")]
#[test_case("about=ada", &["about"]; "no id")]
#[test_case("highRisk=false", &["highRisk"]; "what is not narrowed by that")]
#[test_case("highRisk=true&actor=6789abcd1111111111111111", &["highRisk"]; "two at a time")]
#[test_case("org=%7B%22$ne%22:1%7D", &["org"]; "an operator of the database")]
#[test_case("action=READ", &["action"]; "what no index can find")]
#[tokio::test]
async fn what_is_wrong_is_a_400_that_names_it(query: &str, fields: &[&str]) {
    app().await.admin.get(format!("/v1/audit?{query}")).await.invalid(fields);
}
