//! `GET` and `PATCH /v1/orgs/{orgId}`, `GET /v1/orgs`.

use domain::Role;
use domain::audit::Action;
use serde_json::{Value, json};
use test_case::test_case;

use crate::{NOBODY, app, id, noted, of_org, refused};

#[tokio::test]
async fn everybody_of_an_organisation_sees_it_and_nobody_else() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await.id.to_string();
    let bo = app.patient("Bo", &[]).await.id.to_string();
    let path = of_org(&app, "");
    let seen = app.admin.get(&path).await.ok(200);
    let everybody: Vec<_> = seen["caregivers"].as_array().unwrap().clone();
    assert_eq!((&seen["name"], &seen["timezone"]), (&json!("Home"), &json!("Europe/Berlin")));
    assert_eq!(seen["patients"], json!([ada, bo]));
    assert!(
        [&app.admin, &app.staff, &app.colleague, &app.invited].iter().all(|one| everybody.contains(&json!(id(one))))
    );
    assert_eq!(everybody.len(), 4);
    let seen = app.staff.get(&path).await.ok(200);
    assert_eq!((&seen["name"], &seen["patients"]), (&json!("Home"), &json!([ada])), "staff see their own patients");
    app.stranger.get(&path).await.refused(404, "org_not_found");
    app.invited.get(&path).await.refused(403, "role_not_allowed");
    app.anyone.get(&path).await.refused(401, "token_missing");
    app.admin.get(format!("/v1/orgs/{NOBODY}")).await.refused(404, "org_not_found");
    app.admin.get("/v1/orgs/mine").await.invalid(&["orgId"]);
}

#[tokio::test]
async fn a_list_has_ones_own_organisation_and_a_platform_operator_sees_all() {
    let app = app().await;
    let names = |body: &Value| -> Vec<String> {
        body["results"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    for client in [&app.admin, &app.staff] {
        let page = client.get("/v1/orgs").await.ok(200);
        assert_eq!(names(&page), [app.home.id.to_string()]);
        assert_eq!((&page["totalResults"], &page["totalPages"]), (&json!(1), &json!(1)));
    }
    assert_eq!(app.admin.get("/v1/orgs?name=Away").await.ok(200)["totalResults"], 0);
    app.admin.get("/v1/orgs?sortBy=email").await.invalid(&["sortBy"]);
    app.invited.get("/v1/orgs").await.refused(403, "role_not_allowed");
    app.anyone.get("/v1/orgs").await.refused(401, "token_missing");

    let operator = app.caregiver(Role::SuperAdmin, |_| ()).await;
    assert!(operator.get("/v1/orgs?limit=100").await.ok(200)["totalResults"].as_u64().unwrap() >= 2);
    let away = app.stranger.caregiver().org;
    let seen = operator.get(format!("/v1/orgs/{away}")).await.ok(200);
    assert_eq!((&seen["name"], &seen["caregivers"]), (&json!("Away"), &json!([id(&app.stranger)])));
    let records = app.ctx.store.audits().inbox(Some(away), 100).await.unwrap();
    let read = records.iter().find(|record| record.ids.contains(&away.to_string())).unwrap();
    assert!(read.action == Action::Read && read.high_risk, "an operator's look is in that organisation's own trail");
}

#[tokio::test]
async fn what_is_named_changes_and_the_rest_stays() {
    let app = app().await;
    let path = of_org(&app, "");
    let change = json!({ "name": " Sunny  Hill ", "email": "Office@Sunny.example", "phone": "(555) 010-0123",
        "logo": "https://sunny.example/logo.png", "timezone": "America/Chicago",
        "callRetrySettings": { "retryCount": 0 } });
    let changed = app.admin.patch(&path, change).await.ok(200);
    assert_eq!(changed["name"], "Sunny Hill");
    assert_eq!(changed["email"], "office@sunny.example");
    assert_eq!(changed["phone"], "+15550100123");
    assert_eq!(changed["timezone"], "America/Chicago");
    let retries = json!({ "retryCount": 0, "retryIntervalMinutes": 15, "alertOnAllMissedCalls": true });
    assert_eq!(changed["callRetrySettings"], retries);
    let mut bare = changed.clone();
    let again = bare.as_object_mut().unwrap().remove("org").unwrap();
    assert_eq!(again, bare, "once more under its name, for the part of the app that looks there");
    assert_eq!(app.staff.get(&path).await.ok(200)["name"], "Sunny Hill");

    let fewer = json!({ "callRetrySettings": { "retryIntervalMinutes": 1440 }, "logo": "", "phone": null });
    let changed = app.admin.patch(&path, fewer).await.ok(200);
    let retries = json!({ "retryCount": 0, "retryIntervalMinutes": 1440, "alertOnAllMissedCalls": true });
    assert_eq!(changed["callRetrySettings"], retries);
    assert_eq!(
        (&changed["logo"], &changed["phone"], &changed["name"]),
        (&json!(null), &json!(null), &json!("Sunny Hill"))
    );
    assert_eq!(noted(&app, Action::Update, app.home.id).await.len(), 2);
}

#[tokio::test]
async fn how_calls_are_placed_and_alerts_climb_is_for_the_organisation_to_say() {
    let app = app().await;
    let path = of_org(&app, "");
    let before = app.admin.get(&path).await.ok(200);
    assert_eq!(before["escalation"], json!({ "onCallAfterMinutes": 5, "adminsAfterMinutes": 15 }));
    let rules = json!({ "atOnce": 20, "perMinute": 60, "catchUpMinutes": 60, "quietHours": null });
    assert_eq!(before["callRules"], rules);

    let night = json!({ "from": "21:00", "until": "08:00" });
    let change =
        json!({ "escalation": { "onCallAfterMinutes": 2 }, "callRules": { "atOnce": 3, "quietHours": night } });
    let changed = app.admin.patch(&path, change).await.ok(200);
    assert_eq!(changed["escalation"], json!({ "onCallAfterMinutes": 2, "adminsAfterMinutes": 15 }));
    let rules = json!({ "atOnce": 3, "perMinute": 60, "catchUpMinutes": 60, "quietHours": night });
    assert_eq!(changed["callRules"], rules, "what is not named stays");
    let no_night = json!({ "callRules": { "quietHours": null } });
    assert_eq!(app.admin.patch(&path, no_night).await.ok(200)["callRules"]["quietHours"], json!(null));
}

#[tokio::test]
async fn what_the_existing_app_sends_along_changes_nothing() {
    let app = app().await;
    let path = of_org(&app, "");
    let before = app.admin.get(&path).await.ok(200);
    app.admin.patch(&path, before.clone()).await.ok(200);
    let mut changed = before.clone();
    changed["caregivers"] = json!([id(&app.stranger)]);
    changed["patients"] = json!([]);
    changed["isEmailVerified"] = json!(true);
    changed["id"] = json!(NOBODY);
    app.admin.patch(&path, changed).await.ok(200);
    app.admin.patch(&path, json!({})).await.ok(200);
    assert_eq!(app.admin.get(&path).await.ok(200), before);
}

#[test_case(json!({ "timezone": "Europe/Atlantis" }), "timezone"; "a zone that is none")]
#[test_case(json!({ "timezone": "" }), "timezone"; "an empty zone")]
#[test_case(json!({ "name": "" }), "name"; "no name")]
#[test_case(json!({ "name": "<b>Home</b>" }), "name"; "markup")]
#[test_case(json!({ "email": "office" }), "email"; "no address")]
#[test_case(json!({ "phone": "112" }), "phone"; "an emergency number")]
#[test_case(json!({ "logo": "file:///private/logo.png" }), "logo"; "a file of a telephone")]
#[test_case(json!({ "logo": "javascript:alert(1)" }), "logo"; "a program")]
#[test_case(json!({ "callRetrySettings": { "retryCount": 11 } }), "callRetrySettings.retryCount"; "too many attempts")]
#[test_case(json!({ "callRetrySettings": { "retryIntervalMinutes": 0 } }), "callRetrySettings.retryIntervalMinutes"; "no pause")]
#[test_case(json!({ "callRetrySettings": { "times": 1 } }), "callRetrySettings.times"; "an unknown setting")]
#[test_case(json!({ "escalation": { "onCallAfterMinutes": 0 } }), "escalation.onCallAfterMinutes"; "on call at once")]
#[test_case(json!({ "escalation": { "adminsAfterMinutes": 4 } }), "escalation.adminsAfterMinutes"; "administrators before those on call")]
#[test_case(json!({ "callRules": { "atOnce": 0 } }), "callRules.atOnce"; "no call ever")]
#[test_case(json!({ "callRules": { "perMinute": 601 } }), "callRules.perMinute"; "more than a trunk takes")]
#[test_case(json!({ "callRules": { "catchUpMinutes": 721 } }), "callRules.catchUpMinutes"; "a call in the next night")]
#[test_case(json!({ "callRules": { "quietHours": { "from": "25:00", "until": "08:00" } } }), "callRules.quietHours.from"; "an hour that is none")]
#[test_case(json!({ "callRules": { "quietHours": { "from": "21:00" } } }), "callRules.quietHours.until"; "a night without end")]
#[test_case(json!({ "deleted": true }), "deleted"; "an unknown field")]
#[test_case(json!({ "changes": 9 }), "changes"; "a field of ours")]
#[tokio::test]
async fn what_is_wrong_is_named_and_changes_nothing(change: Value, field: &str) {
    let app = app().await;
    let path = of_org(&app, "");
    let before = app.admin.get(&path).await.ok(200);
    app.admin.patch(&path, change).await.invalid(&[field]);
    assert_eq!(app.admin.get(&path).await.ok(200), before);
}

#[tokio::test]
async fn only_who_runs_it_changes_it_and_who_tries_leaves_a_trace() {
    let app = app().await;
    let (path, change) = (of_org(&app, ""), json!({ "name": "Eve's" }));
    app.staff.patch(&path, change.clone()).await.refused(403, "role_not_allowed");
    app.invited.patch(&path, change.clone()).await.refused(403, "role_not_allowed");
    app.stranger.patch(&path, change.clone()).await.refused(404, "org_not_found");
    app.anyone.patch(&path, change.clone()).await.refused(401, "token_missing");
    assert!(refused(&noted(&app, Action::Update, app.home.id).await, "role_not_allowed"));
    let operator = app.caregiver(Role::SuperAdmin, |_| ()).await;
    let away = format!("/v1/orgs/{}", app.stranger.caregiver().org);
    assert_eq!(operator.patch(&away, json!({ "name": "Further" })).await.ok(200)["name"], "Further");
    assert_eq!(app.stranger.get(&away).await.ok(200)["name"], "Further");
}

#[tokio::test]
async fn two_who_change_different_things_at_once_both_succeed() {
    let app = app().await;
    let path = of_org(&app, "");
    let changes =
        [json!({ "name": "New" }), json!({ "timezone": "Asia/Tokyo" }), json!({ "email": "new@demo.example" })];
    let changes = changes.map(|change| app.admin.patch(&path, change));
    for reply in futures_util::future::join_all(changes).await {
        reply.ok(200);
    }
    let seen = app.admin.get(&path).await.ok(200);
    assert_eq!(
        (&seen["name"], &seen["timezone"], &seen["email"]),
        (&json!("New"), &json!("Asia/Tokyo"), &json!("new@demo.example"))
    );
}

#[tokio::test]
async fn an_organisation_is_made_by_registering_and_nowhere_else() {
    let app = app().await;
    app.anyone.post("/v1/orgs", json!({})).await.refused(405, "method_not_allowed");
    app.anyone.patch(of_org(&app, "/verify-invite/abc"), json!({})).await.refused(404, "route_not_found");
}
