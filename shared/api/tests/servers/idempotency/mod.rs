//! A route that is covered, and what its handler does at which run.

mod attempts;
mod repeats;
mod requests;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api::{Created, Manners, Once, with_manners};
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Extension, Router};
use config::Env;
use domain::idempotency::Slot;
use domain::{Clock, Random};
use serde_json::json;
use services::SystemRandom;
use store::KeptAnswers;
use testkit::{Client, Reply, TestClock, house};

/// A kitchen that takes orders once.
#[derive(Clone)]
struct Kitchen {
    guest: Client,
    clock: TestClock,
    runs: Arc<AtomicUsize>,
}

/// What a handler is told of one run.
struct Run {
    /// How often it ran, this time included.
    number: usize,
    body: Bytes,
    slot: Option<Slot>,
}

impl Run {
    /// What most handlers say.
    fn created(&self) -> Response {
        Created(json!({ "order": self.number, "size": self.body.len() })).into_response()
    }
}

/// How things are set up.
struct Setting {
    env: Env,
    /// How long a request waits for another.
    patience: Duration,
    /// How long a request may take.
    limit: Duration,
}

impl Default for Setting {
    fn default() -> Self {
        Self { env: house().env(), patience: Duration::from_secs(10), limit: Duration::from_secs(25) }
    }
}

async fn kitchen<F>(handler: impl Fn(Run) -> F + Clone + Send + Sync + 'static) -> Kitchen
where
    F: Future<Output = Response> + Send + 'static,
{
    kitchen_with(Setting::default(), handler).await
}

async fn kitchen_with<F>(setting: Setting, handler: impl Fn(Run) -> F + Clone + Send + Sync + 'static) -> Kitchen
where
    F: Future<Output = Response> + Send + 'static,
{
    let aws = clients::aws::sdk_config(&config::Aws::from_env(&setting.env).unwrap()).await;
    let answers = KeptAnswers::new(&aws, &config::Tables::from_env(&setting.env).unwrap());
    let (clock, random) = (TestClock::starting_now(), Arc::new(SystemRandom));
    let watch: Arc<dyn Clock> = Arc::new(clock.clone());
    let once = Once { patience: setting.patience, ..Once::new(answers, watch, Arc::clone(&random) as Arc<dyn Random>) };
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let handler = async move |slot: Option<Extension<Slot>>, body: Bytes| {
        let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
        handler(Run { number, body, slot: slot.map(|Extension(slot)| slot) }).await
    };
    let router = Router::new()
        .route("/orders", post(handler.clone()))
        .route("/orders/{table}", post(handler))
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(once, covered));
    let web = config::Web::from_env(&setting.env).unwrap();
    let mut manners = Manners::open("test", random, &web);
    manners.patience = setting.limit;
    Kitchen { guest: Client::anonymous(with_manners(router, manners)), clock, runs }
}

async fn covered(State(once): State<Once<KeptAnswers>>, route: MatchedPath, request: Request, next: Next) -> Response {
    let who = request.headers().get("from").map_or("ada", |value| value.to_str().unwrap()).to_owned();
    once.run(&who, route.as_str(), request, next).await
}

impl Kitchen {
    /// An order under this key.
    async fn order(&self, key: &str, body: &str) -> Reply {
        self.guest.request(order(key, body)).await
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }

    /// Until the handler ran so often.
    async fn has_run(&self, times: usize) {
        while self.runs() < times {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn order(key: &str, body: &str) -> Request {
    request(&[("idempotency-key", key)], "/orders", body.to_owned())
}

fn request(headers: &[(&str, &str)], path: &str, body: impl Into<Body>) -> Request {
    let request = Request::builder().method(Method::POST).uri(path);
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).body(body.into()).unwrap()
}

/// A key that nobody had.
fn key() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn is_replayed(reply: &Reply) -> bool {
    reply.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
}

/// A 409 that is worth asking again.
#[track_caller]
fn is_busy(reply: &Reply) {
    assert_eq!(reply.status, StatusCode::CONFLICT, "{}", reply.text);
    assert_eq!(reply.json["error"], "request_in_progress", "{}", reply.text);
    assert_eq!(reply.headers["retry-after"], "5");
}
