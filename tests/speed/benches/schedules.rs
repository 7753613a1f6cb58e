//! `cargo bench -p speed --bench schedules`: what a tick costs when 100 of so many schedules are due. Nothing here asserts a time.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and a failure is its end")]

use std::time::{Duration, Instant};

use domain::ScheduleId;
use domain::schedules::{Rule, Schedule};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use mongodb::{Client, Collection};
use services::schedules::{self, New};
use testkit::TestApp;

const DUE: usize = 100;
const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];
const BATCH: usize = 10_000;
const ROUNDS: usize = 5;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(run());
}

async fn run() {
    let app = TestApp::alone(|_| axum::Router::new()).await;
    let database = config::Database::from_env(&app.env).unwrap();
    let client = Client::with_uri_str(database.uri.expose()).await.unwrap();
    let all: Collection<Document> = client.database(&database.name).collection("schedules");
    let like = template(&app, &all).await;
    let mut first = None;
    for size in SIZES {
        fill(&all, &like, size).await;
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            times.push(tick(&app, &all).await);
        }
        times.sort_unstable();
        let median = times[ROUNDS / 2];
        let ratio = median.as_secs_f64() / first.get_or_insert(median).as_secs_f64();
        let millis = median.as_secs_f64() * 1e3;
        println!("{DUE} due of {size:>9}: claimed in {millis:>7.1} ms (p50 of {ROUNDS}), {ratio:.2} times the first");
    }
}

/// A schedule as the store has it.
async fn template(app: &TestApp, all: &Collection<Document>) -> Document {
    let ada = app.patient("Ada", &[&app.staff]).await;
    let new = New {
        rule: Rule::Daily,
        at: "09:00".parse().unwrap(),
        zone: None,
        anchor: None,
        active: true,
        exceptions: Vec::new(),
        pauses: Vec::new(),
    };
    let made: Schedule = schedules::create(&app.ctx, &app.caller_of(&app.admin), ada.id, new).await.unwrap();
    let ScheduleId(id) = made.id;
    let found = all.find_one(doc! { "_id": ObjectId::from_bytes(id.bytes()) }).await.unwrap().unwrap();
    all.delete_many(doc! {}).await.unwrap();
    found
}

/// As many as that, none of which is due.
async fn fill(all: &Collection<Document>, like: &Document, size: usize) {
    let mut there = usize::try_from(all.estimated_document_count().await.unwrap()).unwrap();
    let later = DateTime::from_millis(DateTime::now().timestamp_millis() + 86_400_000);
    while there < size {
        let more = BATCH.min(size - there);
        let made = (0..more).map(|_| {
            let mut one = like.clone();
            one.insert("_id", ObjectId::new());
            one.insert("next", later);
            one
        });
        all.insert_many(made).await.unwrap();
        there += more;
    }
}

/// How long a tick takes to claim 100 that have just come due.
async fn tick(app: &TestApp, all: &Collection<Document>) -> Duration {
    let mut due = Vec::with_capacity(DUE);
    let mut some = all.find(doc! {}).limit(i64::try_from(DUE).unwrap()).await.unwrap();
    while some.advance().await.unwrap() {
        due.push(some.current().get_object_id("_id").unwrap());
    }
    let now = DateTime::from_millis(app.ctx.now().as_millisecond() - 1_000);
    all.update_many(doc! { "_id": { "$in": due } }, doc! { "$set": { "next": now } }).await.unwrap();
    let began = Instant::now();
    let claimed = schedules::claim(&app.ctx).await.unwrap();
    let took = began.elapsed();
    assert_eq!(usize::try_from(claimed).unwrap(), DUE);
    app.clock.advance(jiff::SignedDuration::from_secs(5));
    took
}
