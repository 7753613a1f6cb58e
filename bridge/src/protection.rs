//! Keeps ECS from stopping this task while calls run.
//!
//! The agent beside a task takes `PUT $ECS_AGENT_URI/task-protection/v1/state`; a protected task is
//! left alone by deployments and by scaling in, until the protection is taken back or runs out. (AWS:
//! "Amazon ECS task scale-in protection endpoint"; the task's role needs `ecs:UpdateTaskProtection`.)
//! It does not keep Fargate from stopping a task for its own reasons.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use url::Url;

use crate::metrics::{self, Metrics};

/// How long a protection lasts unless it is renewed: should this process hang, its task can be
/// stopped after an hour. The agent takes 1 to 2880.
const EXPIRES_IN_MINUTES: u32 = 60;
/// How long the agent may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest wait between attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How fast things go.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// From the end of the last call until protection is taken back: the next call saves two requests.
    pub linger: Duration,
    /// How often it is renewed; well within its hour.
    pub renew: Duration,
    /// The first wait before the agent is asked again; each is twice as long, up to 30 s.
    pub retry: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { linger: Duration::from_secs(5), renew: Duration::from_mins(20), retry: Duration::from_secs(1) }
    }
}

/// Counts calls and tells the agent whether there are any. A clone counts the same calls.
#[derive(Debug, Clone, Default)]
pub struct Protection {
    calls: Option<Arc<watch::Sender<usize>>>,
}

impl Protection {
    /// Talks to the agent at `agent`, the value of `ECS_AGENT_URI`; without one, outside of ECS, it
    /// does nothing. Must be called within a Tokio runtime.
    pub fn new(agent: Option<&Url>, metrics: Metrics) -> Self {
        Self::paced(agent, metrics, Pace::default())
    }

    /// The same at another pace.
    pub fn paced(agent: Option<&Url>, metrics: Metrics, pace: Pace) -> Self {
        let Some(agent) = agent else { return Self::default() };
        clients::tls::install();
        let endpoint = format!("{}/task-protection/v1/state", agent.as_str().trim_end_matches('/'));
        let (calls, counted) = watch::channel(0);
        let keeper = Keeper { http: reqwest::Client::new(), endpoint, metrics, pace, protected: false, sure: true };
        tokio::spawn(keeper.run(counted));
        Self { calls: Some(Arc::new(calls)) }
    }

    /// A call begins; it ends when what is given is dropped. Never waits for anything.
    pub fn begin(&self) -> Protected {
        self.count(|calls| calls.saturating_add(1));
        Protected(self.clone())
    }

    fn count(&self, change: impl FnOnce(usize) -> usize) {
        if let Some(calls) = &self.calls {
            calls.send_modify(|count| *count = change(*count));
        }
    }
}

/// A call that runs.
#[derive(Debug)]
#[must_use = "the call counts as over when this is dropped"]
pub struct Protected(Protection);

impl Drop for Protected {
    fn drop(&mut self) {
        self.0.count(|calls| calls.saturating_sub(1));
    }
}

/// The one task that talks to the agent, so requests cannot overtake each other.
struct Keeper {
    http: reqwest::Client,
    endpoint: String,
    metrics: Metrics,
    pace: Pace,
    /// What the agent last agreed to.
    protected: bool,
    /// Nothing was asked since: a request that failed may have had its effect all the same.
    sure: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    protection_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_minutes: Option<u32>,
}

/// The agent's answer: one of these.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Answered {
    protection: Option<State>,
    failure: Option<Failure>,
    error: Option<Wrong>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    protection_enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failure {
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wrong {
    code: Option<String>,
}

impl Keeper {
    /// Until nobody counts calls any more.
    async fn run(mut self, mut calls: watch::Receiver<usize>) {
        let mut renew_at = Instant::now();
        let mut wait = self.pace.retry;
        loop {
            let wanted = *calls.borrow_and_update() > 0;
            if self.sure && wanted == self.protected {
                tokio::select! {
                    changed = calls.changed() => {
                        if changed.is_err() {
                            return;
                        }
                        continue;
                    }
                    () = sleep_until(renew_at), if self.protected => {}
                }
            } else if !wanted {
                tokio::select! {
                    changed = calls.changed() => {
                        if changed.is_err() {
                            return;
                        }
                        continue;
                    }
                    () = sleep(self.pace.linger) => {}
                }
            }
            if self.ask(wanted).await {
                (renew_at, wait) = (Instant::now() + self.pace.renew, self.pace.retry);
            } else {
                sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }

    /// Whether the agent did it.
    async fn ask(&mut self, protect: bool) -> bool {
        let asked = Asked { protection_enabled: protect, expires_in_minutes: protect.then_some(EXPIRES_IN_MINUTES) };
        let sent = self.http.put(&self.endpoint).json(&asked).timeout(PATIENCE).send().await;
        let (result, reason) = match sent {
            Err(error) if error.is_timeout() => (metrics::Protection::Unreachable, "timed out".to_owned()),
            Err(_) => (metrics::Protection::Unreachable, "no answer".to_owned()),
            Ok(answer) => {
                let status = answer.status();
                match answer.json().await.unwrap_or_default() {
                    Answered { protection: Some(state), failure: None, error: None }
                        if status.is_success() && state.protection_enabled == protect =>
                    {
                        (metrics::Protection::Done, String::new())
                    }
                    Answered { failure, error, .. } => {
                        let reason = failure.and_then(|failure| failure.reason).or(error.and_then(|error| error.code));
                        (metrics::Protection::Refused, reason.unwrap_or_else(|| format!("status {status}")))
                    }
                }
            }
        };
        let done = result == metrics::Protection::Done;
        self.sure = done;
        if done {
            self.protected = protect;
        } else {
            tracing::warn!(protect, reason, "ECS did not change this task's protection; it is asked again");
        }
        self.metrics.protection(result, self.protected);
        done
    }
}
