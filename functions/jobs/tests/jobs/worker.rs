//! The worker: messages of the jobs queue.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use clients::{Queues, Received, Text};
use domain::CallId;
use domain::jobs::Queue;
use jobs::{JobCtx, work};
use openai_sim::faults::{Fault, FaultKind};
use openai_sim::{Sim, SimConfig};
use serde_json::json;
use test_case::test_case;
use testkit::{TestApp, house};

use crate::calls::{held, no_routes, summary};

/// The worker, with a model in front of it.
struct Worker {
    app: TestApp,
    ctx: JobCtx,
    _model: Sim,
}

impl Worker {
    async fn start(faults: Vec<Fault>) -> Self {
        Self::on(TestApp::start(no_routes).await, faults)
    }

    fn on(app: TestApp, faults: Vec<Fault>) -> Self {
        let model = Sim::start(SimConfig { faults, ..SimConfig::default() }).unwrap();
        let env = app.env.clone().with("OPENAI_API_KEY", "key").with("OPENAI_BASE_URL", model.base_url());
        let text = Text::new(&config::Text::from_env(&env).unwrap());
        Self {
            ctx: JobCtx { base: (*app.ctx).clone(), text, vault: Arc::clone(&app.accounts.vault) },
            app,
            _model: model,
        }
    }

    /// Works on one batch and gives the ids of the messages that failed.
    async fn work(&self, batch: &[(&str, String)]) -> Vec<String> {
        let mut event = SqsEvent::default();
        for (id, body) in batch {
            let mut message = SqsMessage::default();
            (message.message_id, message.body) = (Some((*id).to_owned()), Some(body.clone()));
            event.records.push(message);
        }
        let response = work(&self.ctx, event).await;
        response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }

    async fn summary(&self, call: CallId) -> Option<String> {
        summary(&self.app.ctx, call).await
    }
}

fn finish(call: CallId) -> String {
    json!({ "kind": "finish_call", "callId": call }).to_string()
}

/// The model answers nothing but this, to the n-th request or to all.
fn answers(status: u16) -> FaultKind {
    FaultKind::Text { status }
}

#[tokio::test]
async fn a_job_that_comes_twice_costs_one_request() {
    let worker = Worker::start(vec![answers(401).in_session(2)]).await;
    let call = held(&worker.app, &["I slept badly.", "My knee hurts."]).await;
    assert_eq!(worker.summary(call).await, None);
    assert!(worker.work(&[("a", finish(call))]).await.is_empty());
    let written = worker.summary(call).await.unwrap();
    assert!(written.contains("I slept badly.") && written.contains("My knee hurts."), "{written}");

    assert!(worker.work(&[("b", finish(call))]).await.is_empty(), "the model was asked again");
    assert_eq!(worker.summary(call).await.unwrap(), written);
    // The second request is this one, and the model refuses it.
    let other = held(&worker.app, &["Hello."]).await;
    assert_eq!(worker.work(&[("c", finish(other))]).await, ["c"]);
}

#[tokio::test]
async fn only_the_bad_messages_of_a_batch_come_back() {
    let worker = Worker::start(Vec::new()).await;
    let (first, last) = (held(&worker.app, &["Hello."]).await, held(&worker.app, &["Good bye."]).await);
    let batch = [
        ("good", finish(first)),
        ("malformed", "{\"kind\":".to_owned()),
        ("unknown", json!({ "kind": "reboot" }).to_string()),
        ("empty", String::new()),
        ("no id", json!({ "kind": "finish_call", "callId": "ada" }).to_string()),
        ("of another queue", json!({ "kind": "place_call", "callId": first }).to_string()),
        ("also good", finish(last)),
    ];
    assert_eq!(worker.work(&batch).await, ["malformed", "unknown", "empty", "no id", "of another queue"]);
    assert!(worker.summary(first).await.is_some() && worker.summary(last).await.is_some());
}

#[test_case(429; "it has enough to do")]
#[test_case(500; "it is broken")]
#[tokio::test]
async fn what_the_model_does_not_answer_comes_back_and_succeeds_later(status: u16) {
    let env = house().env_with_queues().await;
    // A queue whose messages come back after a second instead of minutes.
    let aws = clients::aws::sdk_config(&config::Aws::from_env(&env).unwrap()).await;
    let url = Queues::create(&aws, &format!("impatient-{status}"), Duration::from_secs(1)).await.unwrap();
    let app = TestApp::configured(env.with("CHORES_QUEUE_URL", url), no_routes).await;
    // The client asks a second time by itself.
    let worker = Worker::on(app, vec![answers(status).in_session(1), answers(status).in_session(2)]);
    let call = held(&worker.app, &["Hello."]).await;

    let message = next(&worker.ctx.base.queues).await;
    assert_eq!(worker.work(&[(&message.id, message.body.clone())]).await, [&*message.id]);
    assert_eq!(worker.summary(call).await, None);

    let again = next(&worker.ctx.base.queues).await;
    assert_eq!((&again.id, &again.body), (&message.id, &message.body));
    assert!(worker.work(&[(&again.id, again.body.clone())]).await.is_empty());
    assert!(worker.summary(call).await.is_some());
}

async fn next(queues: &Queues) -> Received {
    queues.receive(Queue::Chores, 1, Duration::from_secs(10)).await.unwrap().pop().unwrap()
}

#[tokio::test]
async fn a_model_that_refuses_leaves_the_call_without_a_summary() {
    let worker = Worker::start(vec![answers(401).into()]).await;
    let call = held(&worker.app, &["Hello."]).await;
    assert_eq!(worker.work(&[("a", finish(call))]).await, ["a"]);
    assert_eq!(worker.summary(call).await, None);
}

#[test_case(&[]; "nothing at all")]
#[test_case(&["", "  "]; "only noise")]
#[tokio::test]
async fn a_call_without_words_is_not_summarised(words: &[&str]) {
    let worker = Worker::start(vec![answers(500).into()]).await;
    let call = held(&worker.app, words).await;
    assert!(worker.work(&[("a", finish(call))]).await.is_empty(), "the model was asked");
    assert_eq!(worker.summary(call).await, None);
}

#[tokio::test]
async fn a_job_about_a_call_that_is_gone_is_put_away() {
    let worker = Worker::start(vec![answers(500).into()]).await;
    let call = CallId::generate(worker.app.ctx.now(), &*worker.app.ctx.random);
    assert!(worker.work(&[("a", finish(call))]).await.is_empty());
}
