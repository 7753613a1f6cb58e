//! From the environment to a running bridge.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use config::{ConfigError, Env};
use domain::{Error, Phone, Random, Result};
use services::{CallCtx, SystemRandom};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::audio::frame::Codec;
use crate::calls::Calls;
use crate::health::Health;
use crate::instruments::Instruments;
use crate::telephony::ari::{Ari, Arrival};
use crate::telephony::dial::AsteriskDialer;
use crate::telephony::leg::Dialer;
use crate::telephony::media::MediaTransport;

/// What the bridge is configured with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name of this cell.
    pub cell: String,
    /// The process.
    pub bridge: config::Bridge,
    /// The model.
    pub model: config::Realtime,
    /// The way to the patient's ear.
    pub line: Line,
    /// Ask the model about what may be an emergency: where patients are, for it costs tokens and answers differ.
    pub second_opinion: bool,
}

/// The way to the patient's ear.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Law of the sound.
    pub codec: Codec,
    /// From the wire to the ear.
    pub downstream: Duration,
}

impl Settings {
    /// Reads the sections. A cell without a name is called after its Asterisk, so that it goes on with
    /// its own calls when it is started again; without Asterisk it gets a name that nobody else has.
    ///
    /// # Errors
    /// When a variable is missing or wrong.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let bridge = config::Bridge::from_env(env)?;
        let asterisk = config::Asterisk::from_env(env)?;
        let cell = bridge.cell.clone().unwrap_or_else(|| asterisk.as_ref().map_or_else(made_up, named_after));
        let line =
            asterisk.map_or(Line { codec: Codec::Ulaw, downstream: Duration::from_millis(20) }, |asterisk| Line {
                codec: match asterisk.codec {
                    config::Codec::Ulaw => Codec::Ulaw,
                    config::Codec::Alaw => Codec::Alaw,
                },
                downstream: asterisk.downstream,
            });
        let second_opinion = config::Stage::from_env(env)? == config::Stage::Prod;
        Ok(Self { cell, bridge, model: config::Realtime::from_env(env)?, line, second_opinion })
    }
}

fn made_up() -> String {
    let mut bytes = [0; 8];
    SystemRandom.fill(&mut bytes);
    format!("cell-{:016x}", u64::from_be_bytes(bytes))
}

/// The machine and the Asterisk: one bridge at a time has both. In ECS every task is a machine.
fn named_after(asterisk: &config::Asterisk) -> String {
    let machine = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).take(40).collect::<String>();
    let port = asterisk.ari_url.port_or_known_default().unwrap_or_default();
    format!("cell-{}-{port}-{}", plain(&machine), plain(&asterisk.app)).chars().take(64).collect()
}

/// The telephone network: how calls are placed, and whether they can be.
#[derive(Clone)]
pub struct Telephony {
    /// Places calls.
    pub dialer: Arc<dyn Dialer>,
    /// What patients see when they are called.
    pub caller_id: Option<Phone>,
    asterisk: Option<Asterisk>,
}

#[derive(Clone)]
struct Asterisk {
    ari: Ari,
    dialer: AsteriskDialer,
    /// Calls that come in; taken by the one who answers them.
    arrivals: Arc<Mutex<Option<mpsc::Receiver<Arrival>>>>,
    media: IpAddr,
}

impl Telephony {
    /// Any dialer; it counts as ready.
    pub fn of(dialer: Arc<dyn Dialer>) -> Self {
        Self { dialer, caller_id: None, asterisk: None }
    }

    /// Asterisk. Must be called within a Tokio runtime; whether Asterisk is there shows in
    /// [`Telephony::is_ready`].
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn asterisk(config: &config::Asterisk) -> Result<Self> {
        let (ari, arrivals) = Ari::start(config.into()).map_err(|error| Error::internal(error.to_string()))?;
        let transport = match config.media {
            config::Media::Rtp => MediaTransport::Rtp,
            config::Media::WebSocket => MediaTransport::WebSocket,
        };
        let dialer = AsteriskDialer::new(ari.clone(), config.trunk.clone(), config.rtp_bind, None);
        let dialer = dialer.over(transport).through(config.context.clone());
        let arrivals = Arc::new(Mutex::new(Some(arrivals)));
        let asterisk = Asterisk { ari, dialer: dialer.clone(), arrivals, media: config.rtp_bind };
        Ok(Self { dialer: Arc::new(dialer), caller_id: config.caller_id.clone(), asterisk: Some(asterisk) })
    }

    /// Whether a call that is placed now can ring.
    pub fn is_ready(&self) -> bool {
        self.asterisk.as_ref().is_none_or(|asterisk| asterisk.ari.is_connected())
    }

    /// Asterisk, when calls go through it.
    pub(crate) fn asterisk_dialer(&self) -> Option<AsteriskDialer> {
        self.asterisk.as_ref().map(|asterisk| asterisk.dialer.clone())
    }

    /// Asterisk and the calls that come in there, for the first who asks.
    pub(crate) fn switchboard(&self) -> Option<(AsteriskDialer, mpsc::Receiver<Arrival>)> {
        let asterisk = self.asterisk.as_ref()?;
        let arrivals = asterisk.arrivals.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some((asterisk.dialer.clone(), arrivals))
    }
}

/// Takes calls from the queue and carries them until `stop`; then takes no more, lets those that
/// run come to their end for as long as the settings allow, and returns.
///
/// # Errors
/// When the health address cannot be used.
pub async fn run(
    ctx: CallCtx,
    settings: Settings,
    telephony: Telephony,
    instruments: Instruments,
    stop: CancellationToken,
) -> Result<()> {
    let listener = TcpListener::bind(settings.bridge.health).await;
    let listener = listener.map_err(|error| Error::internal(format!("{}: {error}", settings.bridge.health)))?;
    let (drain, model) = (settings.bridge.drain, settings.model.model.clone());
    let media = telephony.asterisk.as_ref().map(|asterisk| asterisk.media);
    let metrics = instruments.metrics.clone();
    let timelines = instruments.timelines.clone();
    let calls = Calls::new(ctx, settings, telephony, instruments);
    let lag = tokio::spawn(metrics.clone().sample_lag());
    let health = Health::new(calls.clone(), stop.clone(), metrics).with_model(calls.connector(), model);
    let health = health.with_timelines(timelines);
    let health = match media {
        Some(address) => health.with_media(address),
        None => health,
    };
    let serving = tokio::spawn(health.serve(listener));
    calls.carry(drain, stop).await;
    serving.abort();
    lag.abort();
    Ok(())
}
