//! `GET /v1/calls/active`.

use domain::calls::{EndReason, Outcome};

use crate::{app, initiate};
use testkit::cell;

async fn active(client: &testkit::Client) -> Vec<String> {
    let body = client.get("/v1/calls/active").await.ok(200);
    let ids: Vec<_> =
        body["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(body["count"], ids.len());
    ids
}

#[tokio::test]
async fn running_calls_are_shown_to_whoever_may_see_them() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let bo = app.patient("Bo", &[&app.staff, &app.colleague]).await;
    let first = initiate(&app.staff, &ada).await.to_string();
    let second = initiate(&app.colleague, &bo).await.to_string();
    assert_eq!(active(&app.staff).await, std::slice::from_ref(&first));
    assert_eq!(active(&app.colleague).await, std::slice::from_ref(&second));
    let mut all = active(&app.admin).await;
    all.sort();
    let mut both = [first, second];
    both.sort();
    assert_eq!(all, both);
    assert!(active(&app.stranger).await.is_empty());
    app.invited.get("/v1/calls/active").await.refused(403, "role_not_allowed");

    let call = cell::take(&app.ctx).await.unwrap();
    cell::finish(&app.ctx, &call, Outcome::Busy, EndReason::Busy).await;
    assert_eq!(active(&app.admin).await.len(), 1);
}
