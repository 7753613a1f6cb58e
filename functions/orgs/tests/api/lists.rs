//! `GET /v1/caregivers` and `GET /v1/caregivers/{caregiverId}`.

use domain::Role;
use domain::audit::Action;
use serde_json::{Value, json};

use crate::{NOBODY, app, id, noted, of, refused};

const HIDDEN: [&str; 8] = [
    "email",
    "phone",
    "isEmailVerified",
    "isPhoneVerified",
    "preferredLanguage",
    "themePreference",
    "mfaEnabled",
    "accountLocked",
];

fn row(page: &Value, id: &str) -> Value {
    let mut rows = page["results"].as_array().unwrap().iter();
    rows.find(|row| row["id"] == id).cloned().unwrap()
}

#[tokio::test]
async fn an_administrator_sees_everybody_of_the_organisation_with_everything() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await.id.to_string();
    let page = app.admin.get("/v1/caregivers?limit=100").await.ok(200);
    assert_eq!(page["totalResults"], 4);
    let staff = row(&page, &id(&app.staff));
    assert_eq!(staff["email"], app.staff.caregiver().email.as_str());
    assert_eq!(staff["patients"], json!([ada]));
    assert_eq!(row(&page, &id(&app.colleague))["patients"], json!([]));
    assert_eq!(app.admin.get(of(&app.staff, "")).await.ok(200), staff);
    assert!(page["results"].as_array().unwrap().iter().all(|row| row["id"] != id(&app.stranger)));
    assert!(!page.to_string().contains("argon2"));
}

#[tokio::test]
async fn staff_see_who_their_colleagues_are_and_nothing_more() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff, &app.colleague]).await.id.to_string();
    app.patient("Bo", &[&app.colleague]).await;
    let page = app.staff.get("/v1/caregivers?limit=100&org=650000000000000000000000").await.ok(200);
    let colleague = row(&page, &id(&app.colleague));
    assert_eq!(colleague["name"], app.colleague.caregiver().name);
    assert_eq!((&colleague["role"], &colleague["org"]), (&json!("staff"), &json!(app.home.id.to_string())));
    assert_eq!(colleague["patients"], json!([ada]), "of a colleague's patients those that are theirs too");
    for hidden in HIDDEN {
        assert_eq!(colleague[hidden], json!(null), "{hidden}");
    }
    assert_eq!(app.staff.get(of(&app.colleague, "")).await.ok(200), colleague);
    let own = row(&page, &id(&app.staff));
    assert_eq!((&own["email"], &own["accountLocked"]), (&json!(app.staff.caregiver().email.as_str()), &json!(false)));
    assert_eq!(app.staff.get(of(&app.staff, "")).await.ok(200), own);
    assert_eq!(own.as_object().unwrap().len(), colleague.as_object().unwrap().len(), "the shape is the same");
}

#[tokio::test]
async fn lists_are_narrowed_sorted_and_cut_into_pages() {
    let app = app().await;
    for name in ["Cy", "Ada", "Bo"] {
        app.clock.advance(jiff::SignedDuration::from_millis(1));
        app.caregiver(Role::Staff, |caregiver| name.clone_into(&mut caregiver.name)).await;
    }
    let names = |page: &Value| -> Vec<String> {
        page["results"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    let page = app.admin.get("/v1/caregivers?role=invited").await.ok(200);
    assert_eq!((&page["totalResults"], &page["results"][0]["id"]), (&json!(1), &json!(id(&app.invited))));
    assert_eq!(names(&app.admin.get("/v1/caregivers?name=Bo&role=staff").await.ok(200)), ["Bo"]);
    let page = app.admin.get("/v1/caregivers?limit=2&page=4").await.ok(200);
    assert_eq!((names(&page), &page["totalPages"]), (vec!["Cy".to_owned()], &json!(4)));
    let newest = app.admin.get("/v1/caregivers?limit=3&sortBy=createdAt:desc").await.ok(200);
    assert_eq!(names(&newest), ["Bo", "Ada", "Cy"]);
    for (query, field) in [
        ("role=boss", "role"),
        ("limit=101", "limit"),
        ("sortBy=email", "sortBy"),
        ("org=mine", "org"),
        ("password=x", "password"),
    ] {
        app.admin.get(format!("/v1/caregivers?{query}")).await.invalid(&[field]);
    }
}

#[tokio::test]
async fn who_may_not_look_leaves_a_trace() {
    let app = app().await;
    app.anyone.get("/v1/caregivers").await.refused(401, "token_missing");
    app.invited.get("/v1/caregivers").await.refused(403, "role_not_allowed");
    app.invited.get(of(&app.invited, "")).await.refused(403, "role_not_allowed");
    app.admin.get(of(&app.stranger, "")).await.refused(404, "caregiver_not_found");
    app.staff.get(of(&app.stranger, "")).await.refused(404, "caregiver_not_found");
    app.staff.get(format!("/v1/caregivers/{NOBODY}")).await.refused(404, "caregiver_not_found");
    app.staff.get("/v1/caregivers/me").await.invalid(&["caregiverId"]);
    app.anyone.get(of(&app.staff, "")).await.refused(401, "token_missing");
    assert!(refused(&noted(&app, Action::Read, id(&app.stranger)).await, "caregiver_not_found"));
}

#[tokio::test]
async fn a_platform_operator_sees_any_organisation() {
    let app = app().await;
    let operator = app.caregiver(Role::SuperAdmin, |_| ()).await;
    let away = app.stranger.caregiver().org;
    let page = operator.get(format!("/v1/caregivers?org={away}")).await.ok(200);
    assert_eq!((&page["totalResults"], &page["results"][0]["id"]), (&json!(1), &json!(id(&app.stranger))));
    assert_eq!(operator.get("/v1/caregivers").await.ok(200)["totalResults"], 5, "their own, when none is named");
    assert_eq!(operator.get(of(&app.stranger, "")).await.ok(200)["email"], app.stranger.caregiver().email.as_str());
    let records = app.ctx.store.audits().inbox(Some(away), 100).await.unwrap();
    assert_eq!(records.iter().filter(|record| record.high_risk && record.action == Action::Read).count(), 2);
    // An administrator cannot name another.
    assert_eq!(app.admin.get(format!("/v1/caregivers?org={away}")).await.ok(200)["totalResults"], 5);
}
