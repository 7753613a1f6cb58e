//! The worker, with a mail service of its own in front of it.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use clients::Text;
use domain::Origin;
use domain::jobs::Queue;
use jiff::SignedDuration;
use jobs::{JobCtx, work};
use mongodb::bson::{Document, doc};
use serde_json::{Value, json};
use services::{Post, auth};
use testkit::{Client, TestApp, house};
use tokio::net::TcpListener;

use crate::calls::{no_routes, tick};

/// What SES was asked to send, and how it answers. The server of the other tests keeps only one of
/// a mail's two bodies.
#[derive(Clone, Default)]
pub(crate) struct Ses {
    taken: Arc<Mutex<Vec<Value>>>,
    refuses: Arc<AtomicU16>,
}

async fn take(State(ses): State<Ses>, Json(mail): Json<Value>) -> (StatusCode, Json<Value>) {
    match ses.refuses.load(Ordering::SeqCst) {
        0 => {
            ses.taken.lock().unwrap().push(mail);
            (StatusCode::OK, Json(json!({ "MessageId": "1" })))
        }
        status => (StatusCode::from_u16(status).unwrap(), Json(json!({ "message": "no" }))),
    }
}

/// The worker of a house that has documents of its own, and the mail service in front of it.
pub(crate) struct Office {
    pub(crate) app: TestApp,
    pub(crate) ctx: JobCtx,
    ses: Ses,
}

impl Office {
    pub(crate) async fn open() -> Self {
        // In a box: it is in the future of every test.
        let app = Box::pin(TestApp::alone(no_routes)).await;
        Box::pin(Self::of(app)).await
    }

    /// One whose queue and tables are reached at `endpoint`.
    pub(crate) async fn behind(endpoint: &str) -> Self {
        let env = house().env_with_queues().await;
        let name = format!("office-{:016x}", rand::random::<u64>());
        let env = env.with("MONGODB_DATABASE", name).with("AWS_ENDPOINT_URL", endpoint);
        let app = Box::pin(TestApp::configured(env, no_routes)).await;
        app.ctx.store.create_indexes().await.unwrap();
        Box::pin(Self::of(app)).await
    }

    async fn of(app: TestApp) -> Self {
        let ses = Ses::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/v2/email/outbound-emails", post(take)).with_state(ses.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        let ctx = worker(&app, &endpoint).await;
        Self { app, ctx, ses }
    }

    pub(crate) fn sent(&self) -> Vec<Value> {
        self.ses.taken.lock().unwrap().clone()
    }

    /// 0: takes everything.
    pub(crate) fn answers(&self, status: u16) {
        self.ses.refuses.store(status, Ordering::SeqCst);
    }

    /// The messages that wait in the queue.
    pub(crate) async fn messages(&self) -> Vec<String> {
        let queues = &self.app.ctx.queues;
        let mut bodies = Vec::new();
        loop {
            let messages = queues.receive(Queue::Jobs, 10, Duration::ZERO).await.unwrap();
            for message in &messages {
                queues.done(Queue::Jobs, message).await.unwrap();
                bodies.push(message.body.clone());
            }
            if messages.is_empty() {
                return bodies;
            }
        }
    }

    /// The worker does what waits, and gives how many messages there were.
    pub(crate) async fn work(&self) -> usize {
        let messages = self.messages().await;
        assert_eq!(worked(&self.ctx, &messages).await, 0, "a message came back");
        messages.len()
    }

    pub(crate) async fn later(&self, minutes: i64) {
        self.app.clock.advance(SignedDuration::from_mins(minutes));
        tick(&self.app).await.unwrap();
    }

    /// Mails that wait.
    pub(crate) async fn waiting(&self) -> u64 {
        self.app.database().await.collection::<Document>("mails").count_documents(doc! {}).await.unwrap()
    }

    pub(crate) async fn forgot(&self, client: &Client) {
        auth::forgot(&self.app.accounts, &client.caregiver().email, &Origin::default()).await.unwrap();
    }
}

/// The worker, whose mails go there.
pub(crate) async fn worker(app: &TestApp, endpoint: &str) -> JobCtx {
    let env = app.env.clone().with("AWS_ENDPOINT_URL", endpoint).with("APP_URL", "https://app.example/");
    let aws = clients::aws::sdk_config(&config::Aws::from_env(&env).unwrap()).await;
    let mut base = (*app.ctx).clone();
    base.post = Some(Post::new(&aws, &config::Mail::from_env(&env).unwrap()));
    let text = Text::new(&config::Text::from_env(&env.with("OPENAI_API_KEY", "key")).unwrap());
    JobCtx { base, text, vault: Arc::clone(&app.accounts.vault) }
}

/// How many messages of a batch come back.
pub(crate) async fn worked(ctx: &JobCtx, bodies: &[String]) -> usize {
    let mut event = SqsEvent::default();
    for body in bodies {
        let mut message = SqsMessage::default();
        (message.message_id, message.body) = (Some("a".to_owned()), Some(body.clone()));
        event.records.push(message);
    }
    work(ctx, event).await.batch_item_failures.len()
}
