//! `GET /v2/patients`, and the versions side by side.

use std::collections::{BTreeMap, BTreeSet};

use domain::patients::Patient;
use domain::{PatientId, Role};
use jiff::SignedDuration;
use serde_json::{Value, json};
use store::mongo::Patients;
use test_case::test_case;
use testkit::{Client, TestApp};

use crate::app;

fn names(body: &Value) -> Vec<&str> {
    body["results"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

/// Every row from the first page to the last, by name.
async fn walk(client: &Client, query: &str) -> Vec<String> {
    let (mut path, mut walked) = (format!("/v2/patients?{query}"), Vec::new());
    loop {
        let page = client.get(&path).await.ok(200);
        walked.extend(names(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page["nextCursor"].as_str() else { return walked };
        path = format!("/v2/patients?{query}&cursor={cursor}");
    }
}

#[tokio::test]
async fn everyone_walks_through_their_own_part() {
    let app = app().await;
    app.patient("Ada", &[&app.staff]).await;
    app.patient("Bo", &[&app.colleague]).await;
    app.patient("Cy", &[&app.staff, &app.colleague]).await;
    app.foreign_patient("Di").await;
    assert_eq!(walk(&app.admin, "limit=1").await, ["Ada", "Bo", "Cy"]);
    assert_eq!(walk(&app.admin, "limit=2&order=desc").await, ["Cy", "Bo", "Ada"]);
    assert_eq!(walk(&app.staff, "limit=1").await, ["Ada", "Cy"]);
    assert_eq!(walk(&app.stranger, "order=asc").await, ["Di"]);
    assert_eq!(walk(&app.admin, "name=Bo").await, ["Bo"]);
    app.invited.get("/v2/patients").await.problem(403, "role_not_allowed");
    app.anyone.get("/v2/patients").await.problem(401, "token_missing");
}

#[tokio::test]
async fn a_patient_has_one_name_for_one_thing() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let page = app.staff.get("/v2/patients").await.ok(200);
    let shown = json!({
        "id": ada.id.to_string(), "org": app.home.id.to_string(), "name": "Ada", "preferredName": null,
        "phone": "+15550100123", "email": null, "age": 84, "language": "en", "notes": null, "picture": null,
        "callSettings": { "patience": "patient", "speechRate": 95, "recordingConsent": false, "extension": null,
            "callConsent": true, "callsPaused": false },
        "caregivers": [app.staff.caregiver().id.to_string()], "createdAt": format!("{:.3}", ada.created_at),
    });
    assert_eq!(page, json!({ "results": [shown], "nextCursor": null }));
    let path = format!("/v2/patients/{}", ada.id);
    assert_eq!(app.admin.get(&path).await.ok(200), shown);
    for client in [&app.colleague, &app.stranger] {
        client.get(&path).await.problem(404, "patient_not_found");
    }
    app.anyone.get(&path).await.problem(401, "token_missing");
    app.admin.get("/v2/patients/ada").await.problem_with(&["patientId"]);
}

#[tokio::test]
async fn an_operator_names_the_organisation_and_nobody_else_can() {
    let app = app().await;
    app.patient("Ada", &[]).await;
    app.foreign_patient("Di").await;
    let operator = app.caregiver(Role::SuperAdmin, |_| {}).await;
    let away = format!("org={}", app.stranger.caregiver().org);
    assert_eq!(walk(&operator, "limit=1").await, ["Ada"]);
    assert_eq!(walk(&operator, &away).await, ["Di"]);
    assert_eq!(walk(&app.admin, &format!("org={}", app.home.id)).await, ["Ada"]);
    for client in [&app.admin, &app.staff] {
        client.get(format!("/v2/patients?{away}")).await.problem(404, "org_not_found");
    }
    operator.get("/v2/patients?org=6789abcd1111111111111111").await.problem(404, "org_not_found");
}

#[test_case("cursor=", &["cursor"]; "an empty cursor")]
#[test_case("cursor=6789abcd1111111111111111&limit=0", &["cursor", "limit"]; "an id and no rows")]
#[test_case("cursor=AgAAAAAAAAAB", &["cursor"]; "the cursor of another list")]
#[test_case("limit=101", &["limit"]; "too many")]
#[test_case("order=sideways", &["order"]; "a direction that is none")]
#[test_case("org=away", &["org"]; "an organisation that is no id")]
#[test_case("page=2", &["page"]; "what the first version counts by")]
#[test_case("limit=1&limit=2", &["query"]; "a parameter twice")]
#[tokio::test]
async fn what_is_wrong_is_a_problem_that_names_it(query: &str, fields: &[&str]) {
    app().await.admin.get(format!("/v2/patients?{query}")).await.problem_with(fields);
}

#[tokio::test]
async fn a_problem_is_one_also_where_there_is_nothing() {
    let app = app().await;
    app.admin.get("/v2/nothing").await.problem(404, "route_not_found");
    app.admin.post("/v2/patients", json!({})).await.problem(405, "method_not_allowed");
    app.admin.get("/v1/nothing").await.refused(404, "route_not_found");
    app.admin.get("/v2").await.problem(404, "route_not_found");
    app.admin.get("/v22/patients").await.refused(404, "route_not_found");
}

#[tokio::test]
async fn the_first_version_says_what_takes_its_place_and_the_second_does_not() {
    let app = app().await;
    let ada = app.patient("Ada", &[]).await;
    let old = [app.admin.get("/v1/patients").await, app.anyone.get("/v1/patients").await];
    for reply in old {
        assert_eq!(reply.headers["deprecation"], "@1796083200");
        assert_eq!(reply.headers["sunset"], "Sat, 01 Jan 2028 00:00:00 GMT");
        let links = reply.headers["link"].to_str().unwrap();
        assert!(links.contains("</v2/patients>; rel=\"successor-version\""), "{links}");
        assert!(links.contains("rel=\"deprecation\""), "{links}");
    }
    assert!(app.admin.get(format!("/v1/patients/{}", ada.id)).await.headers.contains_key("sunset"));
    let current = [
        app.admin.get("/v2/patients").await,
        app.admin.get(format!("/v2/patients/{}", ada.id)).await,
        app.anyone.get("/v2/patients").await,
        app.admin.get(format!("/v1/patients/{}/caregivers", ada.id)).await,
        app.admin.post("/v1/patients", crate::ada()).await,
    ];
    for reply in current {
        for header in ["deprecation", "sunset", "link"] {
            assert!(!reply.headers.contains_key(header), "{header}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn what_a_walk_shows_is_recorded_and_so_is_what_it_refuses() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    app.staff.get("/v2/patients").await.ok(200);
    app.invited.get("/v2/patients").await.problem(403, "role_not_allowed");
    let records = app.ctx.store.audits().inbox(Some(app.home.id), 10).await.unwrap();
    let of = |client: &Client| {
        let id = client.caregiver().id;
        records.iter().find(|record| record.actor.account() == Some(id)).unwrap()
    };
    assert_eq!((of(&app.staff).ids.as_slice(), &of(&app.staff).code), (&[ada.id.to_string()][..], &None));
    assert_eq!(of(&app.invited).code.as_deref(), Some("role_not_allowed"));
}

/// Chance that a failing test can be run again with.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A clinic whose list changes all the time.
struct Clinic {
    app: TestApp,
    dice: Dice,
    /// What newcomers are like.
    like: Patient,
    /// Everybody who was ever there, in order, and whether they were removed.
    all: BTreeMap<(jiff::Timestamp, PatientId), bool>,
}

impl Clinic {
    async fn add(&mut self) {
        // Several of one instant, now and then.
        if self.dice.below(3) == 0 {
            self.app.clock.advance(SignedDuration::from_millis(1));
        }
        let now = self.app.ctx.now();
        let id = PatientId::generate(now, &*self.app.ctx.random);
        let patient = Patient { id, created_at: now, ..self.like.clone() };
        self.app.ctx.store.commit([Patients::add(&patient).unwrap()]).await.unwrap();
        self.all.insert((patient.created_at, patient.id), false);
    }

    async fn remove(&mut self) {
        let there: Vec<_> = self.all.iter().filter(|(_, removed)| !**removed).map(|(key, _)| *key).collect();
        let Ok(count @ 1..) = u64::try_from(there.len()) else { return };
        let key = there[usize::try_from(self.dice.below(count)).unwrap()];
        self.app.admin.delete(format!("/v1/patients/{}", key.1)).await.ok(204);
        self.all.insert(key, true);
    }
}

#[test_case(1, "asc"; "oldest first")]
#[test_case(2, "desc"; "newest first")]
#[test_case(3, "asc"; "oldest first again")]
#[test_case(4, "desc"; "newest first again")]
#[tokio::test]
async fn a_walk_meets_everyone_who_was_there_all_along_exactly_once(seed: u64, order: &str) {
    let app = app().await;
    let like = app.patient("Ada", &[&app.staff]).await;
    let all = BTreeMap::from([((like.created_at, like.id), false)]);
    let mut clinic = Clinic { app, dice: Dice(seed), like, all };
    for _ in 0..20 {
        clinic.add().await;
    }
    let client = if seed.is_multiple_of(2) { clinic.app.admin.clone() } else { clinic.app.staff.clone() };
    let before: BTreeSet<_> = clinic.all.keys().copied().collect();
    let (mut cursor, mut walked) = (String::new(), Vec::new());
    loop {
        let limit = clinic.dice.below(4) + 1;
        let page = client.get(format!("/v2/patients?order={order}&limit={limit}{cursor}")).await.ok(200);
        let rows = page["results"].as_array().unwrap();
        let ids = rows.iter().map(|row| row["id"].as_str().unwrap().parse::<PatientId>().unwrap());
        walked.extend(ids);
        for _ in 0..clinic.dice.below(3) {
            clinic.remove().await;
        }
        // Fewer than are walked over, or the way to the newest has no end.
        if clinic.dice.below(2) == 0 {
            clinic.add().await;
        }
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let distinct: BTreeSet<_> = walked.iter().copied().collect();
    assert_eq!(distinct.len(), walked.len(), "somebody was met twice");
    let stayed = before.iter().filter(|key| !clinic.all[key]).map(|(_, id)| *id);
    let missed: Vec<_> = stayed.filter(|id| !distinct.contains(id)).collect();
    assert!(missed.is_empty(), "missed {missed:?} of {walked:?}");
    let places: BTreeMap<_, _> = clinic.all.keys().map(|(at, id)| (*id, (*at, *id))).collect();
    let mut sorted = walked.clone();
    sorted.sort_by_key(|id| places[id]);
    if order == "desc" {
        sorted.reverse();
    }
    assert_eq!(walked, sorted);
}
