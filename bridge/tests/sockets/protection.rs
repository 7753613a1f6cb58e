//! Task protection, against a server in the ECS agent's place.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::put;
use axum::{Json, Router};
use bridge::metrics::Metrics;
use bridge::protection::{Pace, Protection};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

const PACE: Pace =
    Pace { linger: Duration::from_millis(100), renew: Duration::from_hours(1), retry: Duration::from_millis(50) };

/// What the agent was asked, and what it says before it does as it is told.
#[derive(Clone, Default)]
struct Agent {
    asked: Arc<Mutex<Vec<Value>>>,
    refusals: Arc<Mutex<VecDeque<(StatusCode, Value)>>>,
}

impl Agent {
    async fn start(&self) -> Url {
        let router = Router::new().route("/api/abc/task-protection/v1/state", put(answer)).with_state(self.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/api/abc", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    fn refuses(&self, status: StatusCode, body: Value) {
        self.refusals.lock().unwrap().push_back((status, body));
    }

    fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }

    async fn until_asked(&self, times: usize) -> Vec<Value> {
        let began = Instant::now();
        while self.asked().len() < times {
            assert!(began.elapsed() < Duration::from_secs(10), "asked {} times", self.asked().len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.asked()
    }
}

async fn answer(State(agent): State<Agent>, Json(asked): Json<Value>) -> (StatusCode, Json<Value>) {
    agent.asked.lock().unwrap().push(asked.clone());
    if let Some((status, body)) = agent.refusals.lock().unwrap().pop_front() {
        return (status, Json(body));
    }
    let protection =
        json!({ "ExpirationDate": null, "ProtectionEnabled": asked["ProtectionEnabled"], "TaskArn": "arn" });
    (StatusCode::OK, Json(json!({ "protection": protection })))
}

fn on() -> Value {
    json!({ "ProtectionEnabled": true, "ExpiresInMinutes": 60 })
}

fn off() -> Value {
    json!({ "ProtectionEnabled": false })
}

fn has(metrics: &Metrics, line: &str) -> bool {
    metrics.text().lines().any(|seen| seen == line)
}

/// The metric follows the request, not the other way round.
async fn until(metrics: &Metrics, line: &str) {
    let began = Instant::now();
    while !has(metrics, line) {
        assert!(began.elapsed() < Duration::from_secs(10), "{line} is not in\n{}", metrics.text());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_first_call_protects_and_the_last_one_lets_go() {
    let (agent, metrics) = (Agent::default(), Metrics::new());
    let protection = Protection::paced(Some(&agent.start().await), metrics.clone(), PACE);
    let first = protection.begin();
    assert_eq!(agent.until_asked(1).await, [on()]);
    until(&metrics, "bridge_task_protected 1").await;
    let second = protection.clone().begin();
    drop(first);
    tokio::time::sleep(PACE.linger * 3).await;
    assert_eq!(agent.asked(), [on()], "one call still runs");
    drop(second);
    assert_eq!(agent.until_asked(2).await, [on(), off()]);
    until(&metrics, "bridge_task_protected 0").await;
}

#[tokio::test]
async fn calls_that_follow_each_other_closely_cost_one_request() {
    let agent = Agent::default();
    let protection = Protection::paced(Some(&agent.start().await), Metrics::new(), PACE);
    for _ in 0..20 {
        let call = protection.begin();
        tokio::time::sleep(Duration::from_millis(10)).await;
        drop(call);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(agent.asked(), [on()]);
    assert_eq!(agent.until_asked(2).await, [on(), off()]);
}

#[tokio::test]
async fn it_is_renewed_while_calls_run_and_only_then() {
    let agent = Agent::default();
    let pace = Pace { renew: Duration::from_millis(50), ..PACE };
    let protection = Protection::paced(Some(&agent.start().await), Metrics::new(), pace);
    let call = protection.begin();
    assert!(agent.until_asked(4).await.iter().all(|asked| *asked == on()));
    drop(call);
    while agent.asked().last() != Some(&off()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let asked = agent.asked().len();
    tokio::time::sleep(pace.renew * 4).await;
    assert_eq!(agent.asked().len(), asked);
}

#[tokio::test]
async fn a_refusal_of_any_kind_is_asked_again_and_holds_no_call_up() {
    let (agent, metrics) = (Agent::default(), Metrics::new());
    let denied =
        json!({ "requestID": "1", "error": { "Arn": "arn", "Code": "AccessDeniedException", "Message": "no" } });
    agent.refuses(StatusCode::BAD_REQUEST, denied);
    agent.refuses(StatusCode::INTERNAL_SERVER_ERROR, json!("<html>"));
    // A `failure` comes with a good status.
    agent.refuses(StatusCode::OK, json!({ "failure": { "Arn": "arn", "Detail": null, "Reason": "TASK_NOT_VALID" } }));
    let protection = Protection::paced(Some(&agent.start().await), metrics.clone(), PACE);
    let began = Instant::now();
    let _call = protection.begin();
    assert!(began.elapsed() < Duration::from_millis(50), "{:?}", began.elapsed());
    assert_eq!(agent.until_asked(4).await, [on(), on(), on(), on()]);
    until(&metrics, "bridge_task_protected 1").await;
    assert!(has(&metrics, "bridge_task_protection_requests_total{result=\"refused\"} 3"), "{}", metrics.text());
}

#[tokio::test]
async fn an_agent_that_is_not_there_is_asked_until_it_is() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let metrics = Metrics::new();
    let url = format!("http://{address}/api/abc").parse().unwrap();
    let protection = Protection::paced(Some(&url), metrics.clone(), PACE);
    let _call = protection.begin();
    until(&metrics, "bridge_task_protection_requests_total{result=\"unreachable\"} 2").await;
    let agent = Agent::default();
    let router = Router::new().route("/api/abc/task-protection/v1/state", put(answer)).with_state(agent.clone());
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    assert_eq!(agent.until_asked(1).await, [on()]);
}

#[tokio::test]
async fn outside_of_ecs_nothing_is_asked() {
    let metrics = Metrics::new();
    let protection = Protection::new(None, metrics.clone());
    drop(protection.begin());
    assert!(has(&metrics, "bridge_task_protected 0"));
}
