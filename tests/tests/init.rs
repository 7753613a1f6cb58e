//! The start of every function: it needs no server and asks none. What is missing then costs the first request a
//! 503, never the start.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use config::Env;
use domain::{CaregiverId, Kind, SessionId};
use jiff::Timestamp;
use serde_json::json;
use services::SystemRandom;
use services::auth::Tokens;
use testkit::Client;
use tokio::net::TcpListener;

/// Long enough for a connection that somebody makes in the background to arrive.
const A_MOMENT: Duration = Duration::from_millis(200);

/// Where every server should be: somebody counts who comes, and hangs up.
struct Door {
    env: Env,
    knocks: Arc<AtomicUsize>,
}

impl Door {
    async fn closed() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let knocks = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&knocks);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        // 32 bytes in base64.
        let key = format!("test:{}BwcHBwc=", "BwcH".repeat(9));
        let env = Env::default()
            .with("MONGODB_URI", format!("mongodb://{at}/?directConnection=true"))
            .with("CACHE_URL", format!("redis://{at}/"))
            .with("AWS_ENDPOINT_URL", format!("http://{at}"))
            .with("PLACE_CALL_QUEUE_URL", format!("http://{at}/1/place-call"))
            .with("LOST_CALLS_QUEUE_URL", format!("http://{at}/1/lost-calls"))
            .with("JOBS_QUEUE_URL", format!("http://{at}/1/jobs"))
            .with("CHORES_QUEUE_URL", format!("http://{at}/1/chores"))
            .with("NEWS_QUEUE_URL", format!("http://{at}/1/news"))
            .with("LIVE_ENDPOINT", format!("http://{at}/live"))
            .with("OPENAI_BASE_URL", format!("http://{at}/v1"))
            .with("OPENAI_API_KEY", "key")
            .with("JWT_KEYS", key.clone())
            .with("DATA_KEYS", key.clone())
            .with("AUDIT_KEYS", key);
        Self { env, knocks }
    }

    fn knocks(&self) -> usize {
        self.knocks.load(Ordering::Relaxed)
    }

    /// Nobody came while the function started.
    async fn was_left_alone(&self) {
        tokio::time::sleep(A_MOMENT).await;
        assert_eq!(self.knocks(), 0, "the start asked a server");
    }

    /// Somebody who signed in while there were servers.
    fn client(&self, router: axum::Router) -> Client {
        let now = Timestamp::now();
        let tokens = Tokens::new(&config::Auth::from_env(&self.env).unwrap());
        let (session, caregiver) = (SessionId::generate(now, &SystemRandom), CaregiverId::generate(now, &SystemRandom));
        let token = tokens.sign(session, caregiver, now).unwrap().token;
        Client::anonymous(router).with_token(token.expose())
    }
}

#[tokio::test]
async fn auth_starts_alone() {
    let door = Door::closed().await;
    let router = auth::wire(&door.env).await.unwrap();
    door.was_left_alone().await;
    let body = json!({ "email": "nora@demo.example", "password": "correct horse 1" });
    Client::anonymous(router).post("/v1/auth/login", body).await.refused(503, "unavailable");
    assert!(door.knocks() > 0);
}

#[tokio::test]
async fn orgs_starts_alone() {
    let door = Door::closed().await;
    let router = orgs::wire(&door.env).await.unwrap();
    door.was_left_alone().await;
    door.client(router.clone()).get("/v1/caregivers").await.refused(503, "unavailable");
    let picture = "/v1/pictures/00112233445566778899aabbccddeeff";
    Client::anonymous(router).get(picture).await.refused(503, "unavailable");
    assert!(door.knocks() > 0);
}

#[tokio::test]
async fn patients_starts_alone() {
    let door = Door::closed().await;
    let router = patients::wire(&door.env).await.unwrap();
    door.was_left_alone().await;
    door.client(router).get("/v1/patients").await.refused(503, "unavailable");
    assert!(door.knocks() > 0);
}

#[tokio::test]
async fn alerts_starts_alone() {
    let door = Door::closed().await;
    let router = alerts::wire(&door.env).await.unwrap();
    door.was_left_alone().await;
    door.client(router).get("/v1/emergency-phrases").await.refused(503, "unavailable");
    assert!(door.knocks() > 0);
}

#[tokio::test]
async fn privacy_starts_alone() {
    let door = Door::closed().await;
    let router = privacy::wire(&door.env).await.unwrap();
    door.was_left_alone().await;
    door.client(router).get("/v1/audit").await.refused(503, "unavailable");
    assert!(door.knocks() > 0);
}

#[tokio::test]
async fn conversations_starts_alone() {
    let door = Door::closed().await;
    let router = conversations::wire(&door.env).await.unwrap();
    door.was_left_alone().await;
    door.client(router).get("/v1/calls/active").await.refused(503, "unavailable");
    assert!(door.knocks() > 0);
}

#[tokio::test]
async fn live_updates_start_alone_and_news_come_back() {
    let door = Door::closed().await;
    let gateway = live::wire_gateway(&door.env).await.unwrap();
    let push = live::wire_push(&door.env).await.unwrap();
    door.was_left_alone().await;
    let event: ApiGatewayWebsocketProxyRequest = serde_json::from_value(json!({
        "requestContext": { "routeKey": "$default", "connectionId": "a", "connectedAt": 1, "requestTimeEpoch": 1 },
        "body": r#"{"action":"subscribe","topics":["alerts"]}"#,
    }))
    .unwrap();
    let answer = serde_json::to_value(live::handle(&gateway, event).await).unwrap();
    assert!(answer["body"].as_str().unwrap().contains(r#""code":"unavailable""#), "{answer}");
    let id = "6789abcd1111111111111111";
    let event = batch(&json!({ "kind": "alert", "alertId": id, "orgId": id }));
    let response = live::push(&push, event).await;
    assert_eq!(serde_json::to_value(response).unwrap(), json!({ "batchItemFailures": [{ "itemIdentifier": "a" }] }));
    assert!(door.knocks() > 0);
}

/// A batch of one message.
fn batch(body: &serde_json::Value) -> SqsEvent {
    let mut message = SqsMessage::default();
    (message.message_id, message.body) = (Some("a".to_owned()), Some(body.to_string()));
    let mut event = SqsEvent::default();
    event.records.push(message);
    event
}

#[tokio::test]
async fn the_worker_starts_alone_and_gives_its_message_back() {
    let door = Door::closed().await;
    let worker = jobs::wire_worker(&door.env).await.unwrap();
    door.was_left_alone().await;
    let event = batch(&json!({ "kind": "finish_call", "callId": "6789abcd1111111111111111" }));
    let response = jobs::work(&worker, event).await;
    assert_eq!(serde_json::to_value(response).unwrap(), json!({ "batchItemFailures": [{ "itemIdentifier": "a" }] }));
    assert!(door.knocks() > 0);
}

#[tokio::test]
async fn the_tick_starts_alone_and_says_that_it_failed() {
    let door = Door::closed().await;
    let ctx = jobs::wire_tick(&door.env).await.unwrap();
    door.was_left_alone().await;
    assert_eq!(jobs::tick(&ctx).await.unwrap_err().kind, Kind::Unavailable);
    assert!(door.knocks() > 0);
}

#[tokio::test]
async fn what_is_not_configured_stops_a_start_by_name() {
    let env = Door::closed().await.env;
    let without = |name| env.clone().with(name, "");
    let said = [
        auth::wire(&without("MONGODB_URI")).await.err(),
        orgs::wire(&without("MONGODB_URI")).await.err(),
        patients::wire(&without("MONGODB_URI")).await.err(),
        alerts::wire(&without("MONGODB_URI")).await.err(),
        conversations::wire(&without("MONGODB_URI")).await.err(),
        privacy::wire(&without("MONGODB_URI")).await.err(),
        jobs::wire_worker(&without("MONGODB_URI")).await.err(),
        jobs::wire_tick(&without("MONGODB_URI")).await.err(),
        live::wire_gateway(&without("MONGODB_URI")).await.err(),
        live::wire_push(&without("MONGODB_URI")).await.err(),
    ];
    for error in said {
        assert!(error.unwrap().to_string().starts_with("MONGODB_URI "));
    }
    let said = [
        (conversations::wire(&without("JOBS_QUEUE_URL")).await.err(), "JOBS_QUEUE_URL "),
        (jobs::wire_worker(&without("OPENAI_API_KEY")).await.err(), "OPENAI_API_KEY "),
        (jobs::wire_tick(&without("PLACE_CALL_QUEUE_URL")).await.err(), "PLACE_CALL_QUEUE_URL "),
        (patients::wire(&without("JWT_KEYS")).await.err(), "JWT_KEYS "),
        (auth::wire(&without("DATA_KEYS")).await.err(), "DATA_KEYS "),
        (jobs::wire_worker(&without("DATA_KEYS")).await.err(), "DATA_KEYS "),
        (jobs::wire_tick(&without("AUDIT_KEYS")).await.err(), "AUDIT_KEYS "),
        (orgs::wire(&without("DATA_KEYS")).await.err(), "DATA_KEYS "),
        (orgs::wire(&without("PICTURES_BUCKET").with("PICTURES_BUCKET", "no bucket")).await.err(), "PICTURES_BUCKET "),
        (privacy::wire(&without("AUDIT_KEYS")).await.err(), "AUDIT_KEYS "),
    ];
    for (error, name) in said {
        let error = error.unwrap().to_string();
        assert!(error.starts_with(name), "{error}");
    }
}
