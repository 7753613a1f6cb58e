//! `GET /v1/patients`.

use crate::app;

fn names(body: &serde_json::Value) -> Vec<&str> {
    body["results"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn everyone_sees_their_own_part() {
    let app = app().await;
    app.patient("Ada", &[&app.staff]).await;
    app.patient("Bo", &[&app.colleague]).await;
    app.patient("Cy", &[&app.staff, &app.colleague]).await;
    app.foreign_patient("Di").await;
    assert_eq!(names(&app.admin.get("/v1/patients").await.ok(200)), ["Ada", "Bo", "Cy"]);
    assert_eq!(names(&app.staff.get("/v1/patients").await.ok(200)), ["Ada", "Cy"]);
    assert_eq!(names(&app.stranger.get("/v1/patients").await.ok(200)), ["Di"]);
    app.invited.get("/v1/patients").await.refused(403, "role_not_allowed");
}

#[tokio::test]
async fn pages_follow_each_other_and_every_row_has_an_id() {
    let app = app().await;
    for name in ["Ada", "Bo", "Cy", "Di", "Ed"] {
        app.patient(name, &[]).await;
    }
    let page = app.admin.get("/v1/patients?limit=2&page=2&sortBy=name:desc").await.ok(200);
    assert_eq!(names(&page), ["Cy", "Bo"]);
    assert_eq!((page["page"].as_u64(), page["limit"].as_u64()), (Some(2), Some(2)));
    assert_eq!((page["totalPages"].as_u64(), page["totalResults"].as_u64()), (Some(3), Some(5)));
    assert!(page["results"].as_array().unwrap().iter().all(|row| row["id"].as_str().unwrap().len() == 24));
    let beyond = app.admin.get("/v1/patients?limit=2&page=9").await.ok(200);
    assert_eq!(names(&beyond), [""; 0]);
}

#[tokio::test]
async fn a_name_narrows_the_list() {
    let app = app().await;
    app.patient("Ada", &[]).await;
    app.patient("Bo", &[]).await;
    assert_eq!(names(&app.admin.get("/v1/patients?name=Bo").await.ok(200)), ["Bo"]);
    assert_eq!(names(&app.admin.get("/v1/patients?name=%7B%22$ne%22:1%7D").await.ok(200)), [""; 0]);
}

#[tokio::test]
async fn a_page_that_is_none_is_a_400() {
    let app = app().await;
    for (query, field) in [
        ("page=0", "page"),
        ("page=x", "page"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("sortBy=password:asc", "sortBy"),
        ("sortBy=name:sideways", "sortBy"),
        ("role=staff", "role"),
    ] {
        app.admin.get(format!("/v1/patients?{query}")).await.invalid(&[field]);
    }
    app.admin.get("/v1/patients?page=1&page=2").await.invalid(&["query"]);
}
