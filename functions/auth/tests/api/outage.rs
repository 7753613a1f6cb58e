//! Servers that go and come back.

use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::{Cable, PASSWORD, TestApp, house};

use crate::{credentials, refresh_body, routes, sign_in};

#[tokio::test]
async fn when_the_documents_are_gone_there_is_a_503_and_it_heals_without_a_restart() {
    let env = house().env_with_queues().await;
    let uri = env_value(&env, "MONGODB_URI");
    let cable = Cable::to(&uri).await;
    let app = TestApp::configured(env.with("MONGODB_URI", cable.through(&uri)), routes).await;
    let tokens = sign_in(&app, &app.staff).await;

    cable.cut();
    app.anyone.post("/v1/auth/login", credentials(&app.staff, PASSWORD)).await.refused(503, "unavailable");
    app.anyone.post("/v1/auth/refresh-tokens", refresh_body(&tokens)).await.refused(503, "unavailable");

    cable.mend().await;
    // The token was not spent by the attempt that failed.
    eventually(async || app.anyone.post("/v1/auth/refresh-tokens", refresh_body(&tokens)).await.status == 200).await;
}

#[tokio::test]
async fn when_only_the_cache_is_gone_the_api_goes_on() {
    let env = house().env_with_queues().await;
    let url = env_value(&env, "CACHE_URL");
    let cable = Cable::to(&url).await;
    let app = TestApp::configured(env.with("CACHE_URL", cable.through(&url)), routes).await;
    let tokens = sign_in(&app, &app.staff).await;
    let access: String = tokens["access"]["token"].as_str().unwrap().to_owned();
    app.whose(&access.clone().into()).await.unwrap();

    cable.cut();
    app.whose(&access.clone().into()).await.unwrap();
    let tokens: Value =
        app.anyone.post("/v1/auth/refresh-tokens", refresh_body(&tokens)).await.ok(200)["tokens"].clone();
    app.anyone.post("/v1/auth/logout", refresh_body(&tokens)).await.ok(204);

    cable.mend().await;
    eventually(async || app.ctx.cache.ping().await).await;
}

fn env_value(env: &config::Env, name: &'static str) -> String {
    let variable = config::Variable { name, what: "", must: "", default: None };
    env.get(&variable).unwrap().to_owned()
}

async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(20), "it did not heal");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
