//! A whole cell: calls from the queue, owned, carried, written down, let go of. Documents, cache,
//! registry and queues are real servers; the model is the simulator; the telephone is made here.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod carrying;
mod health;
mod outage;
mod telephone;
mod watching;
mod work;

use std::sync::Arc;
use std::time::Duration;

use bridge::{Instruments, Settings, Telephony};
use config::Env;
use domain::calls::{Call, Status};
use domain::conversations::Message;
use domain::patients::Patient;
use domain::{CallId, policy};
use openai_sim::{Sim, SimConfig};
use services::{CallCtx, calls};
use telephone::Telephones;
use testkit::{TestApp, house};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A running cell in an organisation of its own.
struct Cell {
    app: TestApp,
    stop: CancellationToken,
    running: JoinHandle<domain::Result<()>>,
    health: String,
    _model: Sim,
}

impl Cell {
    async fn start(telephones: Telephones) -> Self {
        Self::configured(house().env_with_queues().await, telephones, Duration::ZERO).await
    }

    async fn configured(env: Env, telephones: Telephones, drain: Duration) -> Self {
        Self::equipped(env, telephones, drain, Instruments::default()).await
    }

    async fn equipped(env: Env, telephones: Telephones, drain: Duration, instruments: Instruments) -> Self {
        Self::prepared(env, telephones, drain, instruments, |_| ()).await
    }

    /// A cell whose way to the servers is changed before it starts.
    async fn prepared(
        env: Env,
        telephones: Telephones,
        drain: Duration,
        instruments: Instruments,
        prepare: impl FnOnce(&mut CallCtx),
    ) -> Self {
        let model = Sim::start(SimConfig::default()).unwrap();
        // A port nobody else has, known before the bridge takes it.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let env = env
            .with("OPENAI_API_KEY", "key")
            .with("OPENAI_REALTIME_URL", model.realtime_url())
            .with("BRIDGE_HEALTH_ADDR", format!("127.0.0.1:{port}"));
        let app = TestApp::configured(env.clone(), |_| axum::Router::new()).await;
        let mut settings = Settings::from_env(&env).unwrap();
        settings.bridge.drain = drain;
        let stop = CancellationToken::new();
        let telephony = Telephony::of(Arc::new(telephones));
        let mut ctx = (*app.ctx).clone();
        prepare(&mut ctx);
        let running = tokio::spawn(bridge::run(ctx, settings, telephony, instruments, stop.clone()));
        Self { app, stop, running, health: format!("http://127.0.0.1:{port}"), _model: model }
    }

    async fn ask_for_a_call(&self) -> (Patient, CallId) {
        let ada = self.app.patient("Ada", &[&self.app.staff]).await;
        let caller = self.app.caller_of(&self.app.staff);
        let (call, _) = calls::initiate(&self.app.ctx, &caller, ada.id, None).await.unwrap();
        (ada, call.id)
    }

    /// The names of what has happened in a call so far.
    async fn happened(&self, id: CallId) -> Vec<String> {
        let timeline = reqwest::get(format!("{}/calls/{id}/timeline", self.health)).await.unwrap();
        let timeline: Vec<serde_json::Value> = timeline.json().await.unwrap();
        timeline.iter().filter_map(|entry| entry["what"].as_str().map(str::to_owned)).collect()
    }

    async fn call(&self, id: CallId) -> Call {
        let system = policy::system("look at a call in a test");
        self.app.ctx.store.calls().find(&system, id).await.unwrap().unwrap()
    }

    async fn said(&self, id: CallId) -> Vec<String> {
        let messages: Vec<Message> = self.app.ctx.store.conversations().messages(id).await.unwrap();
        messages.into_iter().map(|message| message.turn.text.into_inner()).filter(|text| !text.is_empty()).collect()
    }

    /// Waits until the call is as wanted; a minute is more than any call here takes.
    async fn until(&self, id: CallId, wanted: impl Fn(&Call) -> bool) -> Call {
        let looking = async {
            loop {
                let call = self.call(id).await;
                if wanted(&call) {
                    return call;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), looking).await.expect("the call comes that far")
    }

    async fn until_ended(&self, id: CallId) -> Call {
        self.until(id, |call| call.status == Status::Ended).await
    }

    async fn until_connected(&self, id: CallId) -> Call {
        self.until(id, |call| call.status == Status::Connected).await
    }
}
