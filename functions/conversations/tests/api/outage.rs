//! Servers that are gone.

use serde_json::json;
use testkit::{TestApp, house};

use crate::{routes, status};

#[tokio::test]
async fn when_the_queue_is_gone_nothing_is_left_half_done() {
    let env = house().env_with_queues().await;
    // Only the queue is out of reach: its address is asked for, not the endpoint.
    let app = TestApp::configured(env.with("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), routes).await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let body = json!({ "patientId": ada.id });
    app.staff.post("/v1/calls/initiate", body.clone()).await.refused(503, "unavailable");

    let page = app.staff.get("/v1/calls/active").await.ok(200);
    assert_eq!(page["count"], 0, "a call that was not accepted counts as running");
    // The next attempt is not in the way of the first.
    app.staff.post("/v1/calls/initiate", body).await.refused(503, "unavailable");
}

#[tokio::test]
async fn a_call_is_shown_although_nobody_knows_who_is_speaking() {
    let env = house().env_with_queues().await;
    let app = TestApp::configured(env.clone(), routes).await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let call = crate::initiate(&app.staff, &ada).await;
    let blind = TestApp::configured(env.with("LIVE_CALLS_TABLE", "no-such-table"), routes).await;
    let client = blind.anyone.with_token(app.staff.token());
    assert_eq!(status(&client, call).await["callStatus"], "initiating");
}
