//! From the environment to a running bridge.

use std::sync::Arc;
use std::time::Duration;

use config::{ConfigError, Env};
use domain::{Error, Phone, Random, Result};
use services::{CallCtx, SystemRandom};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::calls::Calls;
use crate::health;
use crate::telephony::ari::{Ari, Arrival};
use crate::telephony::dial::AsteriskDialer;
use crate::telephony::leg::Dialer;

/// What the bridge is configured with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name of this cell.
    pub cell: String,
    /// The process.
    pub bridge: config::Bridge,
    /// The model.
    pub model: config::Realtime,
}

impl Settings {
    /// Reads the sections; a cell without a name gets one that nobody else has.
    ///
    /// # Errors
    /// When a variable is missing or wrong.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let bridge = config::Bridge::from_env(env)?;
        let cell = bridge.cell.clone().unwrap_or_else(|| {
            let mut bytes = [0; 8];
            SystemRandom.fill(&mut bytes);
            format!("cell-{:016x}", u64::from_be_bytes(bytes))
        });
        Ok(Self { cell, bridge, model: config::Realtime::from_env(env)? })
    }
}

/// The telephone network: how calls are placed, and whether they can be.
#[derive(Clone)]
pub struct Telephony {
    /// Places calls.
    pub dialer: Arc<dyn Dialer>,
    /// What patients see when they are called.
    pub caller_id: Option<Phone>,
    ari: Option<Ari>,
}

impl Telephony {
    /// Any dialer; it counts as ready.
    pub fn of(dialer: Arc<dyn Dialer>) -> Self {
        Self { dialer, caller_id: None, ari: None }
    }

    /// Asterisk. Must be called within a Tokio runtime; whether Asterisk is there shows in
    /// [`Telephony::is_ready`].
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn asterisk(config: &config::Asterisk) -> Result<Self> {
        let (ari, mut arrivals) = Ari::start(config.into()).map_err(|error| Error::internal(error.to_string()))?;
        let dialer = AsteriskDialer::new(ari.clone(), config.trunk.clone(), config.rtp_bind, None);
        let inbound = ari.clone();
        tokio::spawn(async move {
            while let Some(arrival) = arrivals.recv().await {
                excuse(&inbound, &arrival).await;
            }
        });
        Ok(Self { dialer: Arc::new(dialer), caller_id: config.caller_id.clone(), ari: Some(ari) })
    }

    /// Whether a call that is placed now can ring.
    pub fn is_ready(&self) -> bool {
        self.ari.as_ref().is_none_or(Ari::is_connected)
    }
}

/// Nobody who calls us hears nothing: the dialplan speaks a sentence and hangs up.
async fn excuse(ari: &Ari, arrival: &Arrival) {
    let path = format!("channels/{}/continue", arrival.channel);
    let fallback = [("context", "fallback"), ("extension", "s"), ("priority", "1")];
    if let Err(error) = ari.post(&path, &fallback).await {
        tracing::warn!(%error, "an inbound call could not be answered");
    }
}

/// Takes calls from the queue and carries them until `stop`; then takes no more, lets those that
/// run come to their end for as long as `drain` allows, and returns.
///
/// # Errors
/// When the health address cannot be used.
pub async fn run(
    ctx: CallCtx,
    settings: Settings,
    telephony: Telephony,
    drain: Duration,
    stop: CancellationToken,
) -> Result<()> {
    let listener = TcpListener::bind(settings.bridge.health).await;
    let listener = listener.map_err(|error| Error::internal(format!("{}: {error}", settings.bridge.health)))?;
    let calls = Calls::new(ctx, settings, telephony);
    let serving = tokio::spawn(health::serve(listener, Arc::clone(&calls), stop.clone()));
    calls.carry(drain, stop).await;
    serving.abort();
    Ok(())
}
