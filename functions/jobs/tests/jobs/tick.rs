//! The tick: once a minute.

use std::time::Duration;

use domain::alerts::AlertKind;
use domain::calls::{EndReason, Outcome, Status};
use domain::jobs::{Job, Queue};
use domain::{AlertId, CallId, Id, JobId, Kind, MailId};
use jiff::SignedDuration;
use mongodb::bson::{Document, doc};
use serde_json::Value;
use services::outbox::{self, HANDED_OVER_WITHIN};
use store::mongo::{Lane, Outbox, Pending};
use testkit::{Cable, TestApp, house};

use crate::calls::{asked_for, hang_up, no_routes, running, stored, tick};

/// A house whose AWS hangs on a cable, with a database of its own: the tick looks at everything there is.
pub(crate) struct Alone {
    pub app: TestApp,
    pub cable: Cable,
}

impl Alone {
    pub(crate) async fn start() -> Self {
        let env = house().env_with_queues().await;
        let endpoint = config::Aws::from_env(&env).unwrap().endpoint.unwrap();
        let cable = Cable::to(endpoint.as_str()).await;
        let queue = config::Queues::from_env(&env).unwrap().jobs;
        let env = env
            .with("MONGODB_DATABASE", format!("tick-{}", queue.rsplit('-').next().unwrap()))
            .with("AWS_ENDPOINT_URL", cable.through(endpoint.as_str()));
        let app = TestApp::configured(env, no_routes).await;
        app.ctx.store.create_indexes().await.unwrap();
        Self { app, cable }
    }

    /// Calls whose summary a tick handed over to the worker since the last time.
    async fn handed_over(&self, wait: Duration) -> Vec<CallId> {
        let messages = self.app.ctx.queues.receive(Queue::Chores, 10, wait).await.unwrap();
        let mut ids = Vec::new();
        for message in &messages {
            let job: Value = serde_json::from_str(&message.body).unwrap();
            if job["kind"] == "finish_call" {
                ids.push(job["callId"].as_str().unwrap().parse().unwrap());
            }
            self.app.ctx.queues.done(Queue::Chores, message).await.unwrap();
        }
        ids
    }
}

const AT_ONCE: Duration = Duration::ZERO;
pub(crate) const SOON: Duration = Duration::from_secs(5);
/// Longer than a healthy process needs to hand a job over.
const A_WHILE: SignedDuration = SignedDuration::from_secs(31);

#[tokio::test]
async fn jobs_left_behind_are_handed_over_once() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (first, second) = (running(app, &["Hello."]).await, running(app, &["Hello."]).await);
    alone.cable.cut();
    hang_up(app, &first).await;
    hang_up(app, &second).await;
    alone.cable.mend().await;

    tick(app).await.unwrap();
    assert!(alone.handed_over(AT_ONCE).await.is_empty(), "whoever ended the calls may still be about to");
    app.clock.advance(A_WHILE);
    tick(app).await.unwrap();
    let both = alone.handed_over(SOON).await;
    assert!(both.len() == 2 && both.contains(&first.id) && both.contains(&second.id), "{both:?}");
    tick(app).await.unwrap();
    assert!(alone.handed_over(AT_ONCE).await.is_empty(), "handed over twice");
}

#[tokio::test]
async fn a_tick_while_the_queue_is_away_loses_nothing_and_does_the_rest() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let held = running(app, &["Hello."]).await;
    let waiting = asked_for(app).await;
    alone.cable.cut();
    hang_up(app, &held).await;
    app.clock.advance(SignedDuration::from_mins(3));

    assert_eq!(tick(app).await.unwrap_err().kind, Kind::Unavailable);
    let ended = stored(&app.ctx, waiting.id).await;
    assert_eq!((ended.outcome, ended.end_reason), (Some(Outcome::Failed), Some(EndReason::Expired)));
    let alert = app.ctx.store.alerts().by_key(ended.patient, Some(ended.id), "call_failed").await.unwrap();
    assert!(alert.is_some(), "nobody looked after the patient, and somebody has to hear so");

    alone.cable.mend().await;
    tick(app).await.unwrap();
    assert_eq!(alone.handed_over(SOON).await, [held.id]);
}

#[tokio::test]
async fn a_queue_that_is_away_holds_up_no_job_of_another() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let now = app.ctx.now();
    let job = |n: u8, job| Pending { id: JobId(Id::from_bytes([n; 12])), job };
    let chores = (1..=5).map(|n| job(n, Job::MoveSchedules { org_id: app.home.id }));
    let alert = job(9, Job::NotifyAlert { alert_id: AlertId(Id::from_bytes([9; 12])) });
    let writes: Vec<_> = chores.chain([alert]).map(|pending| Outbox::add(pending, now).unwrap()).collect();
    app.ctx.store.commit(writes).await.unwrap();
    app.clock.advance(A_WHILE);

    let mut queues = config::Queues::from_env(&app.env).unwrap();
    queues.chores = queues.chores.replace("chores", "nowhere");
    let aws = clients::aws::sdk_config(&config::Aws::from_env(&app.env).unwrap()).await;
    let mut ctx: services::Ctx = (**app.ctx).clone();
    ctx.queues = clients::Queues::new(&aws, queues);
    assert!(outbox::deliver_left_behind(&ctx, HANDED_OVER_WITHIN).await.is_err(), "that is told");
    let waiting = async |lane| app.ctx.store.outbox().before(Some(lane), app.ctx.now(), 0, 10).await.unwrap().len();
    assert_eq!((waiting(Lane::Chores).await, waiting(Lane::Alerts).await), (5, 0));
}

/// As many mails, and what is grave behind them, left behind by a process that died.
async fn leave_behind(app: &TestApp, mails: usize, grave: &[Job]) {
    let now = app.ctx.now();
    let id = || JobId::generate(now, &*app.ctx.random);
    let mail = || Job::SendMail { mail_id: MailId::generate(now, &*app.ctx.random) };
    let jobs = (0..mails).map(|_| (mail(), now)).chain(grave.iter().map(|job| (*job, now + A_WHILE)));
    let writes = jobs.map(|(job, at)| Outbox::add(Pending { id: id(), job }, at).unwrap());
    app.ctx.store.commit(writes).await.unwrap();
    app.clock.advance(A_WHILE * 3);
}

/// Jobs of a lane that are still left behind.
async fn left(app: &TestApp, lane: Lane) -> usize {
    app.ctx.store.outbox().before(Some(lane), app.ctx.now(), 0, 1000).await.unwrap().len()
}

/// The machines of the tests are slow.
const AS_LONG_AS_IT_TAKES: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_tick_hands_over_all_that_was_left_behind_and_what_is_grave_waits_for_nothing_else() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let some = Id::from_bytes([7; 12]);
    let (call_id, alert_id) = (CallId(some), AlertId(some));
    let grave = [Job::PlaceCall { call_id }, Job::ListenAgain { call_id }, Job::NotifyAlert { alert_id }];
    leave_behind(app, 250, &grave).await;
    outbox::deliver_left_behind(&app.ctx, AS_LONG_AS_IT_TAKES).await.unwrap();
    for lane in [Lane::Calls, Lane::LostCalls, Lane::Alerts, Lane::Messages] {
        assert_eq!(left(app, lane).await, 0, "{lane:?}");
    }
}

#[tokio::test]
async fn a_job_that_was_written_before_there_were_lanes_is_handed_over() {
    let alone = Alone::start().await;
    let app = &alone.app;
    leave_behind(app, 1, &[]).await;
    let outbox = app.database().await.collection::<Document>("outbox");
    outbox.update_one(doc! {}, doc! { "$unset": { "lane": "" } }).await.unwrap();
    outbox::deliver_left_behind(&app.ctx, AS_LONG_AS_IT_TAKES).await.unwrap();
    assert_eq!(outbox.count_documents(doc! {}).await.unwrap(), 0);
}

#[tokio::test]
async fn a_call_whose_cell_died_is_ended_and_still_summarised() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let call = running(app, &["Hello."]).await;
    tick(app).await.unwrap();
    assert_eq!(stored(&app.ctx, call.id).await.status, Status::Connected, "its lease still holds");

    app.clock.advance(A_WHILE);
    tick(app).await.unwrap();
    let ended = stored(&app.ctx, call.id).await;
    assert_eq!((ended.outcome, ended.end_reason), (Some(Outcome::Answered), Some(EndReason::OwnerLost)));
    assert_eq!(alone.handed_over(SOON).await, [call.id]);
    let alert = app.ctx.store.alerts().by_key(call.patient, Some(call.id), "call_failed").await.unwrap();
    assert_eq!(alert.unwrap().content.kind, AlertKind::CallFailed);
}
