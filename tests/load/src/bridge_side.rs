//! The bridge under load, in a process of its own so that its cost can be read from the system: the driver with an
//! Asterisk dialler for every call it is told of, and nothing else. Records are taken and thrown away.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bridge::audio::frame::Codec;
use bridge::driver::{self, CallEnd, Outside};
use bridge::realtime::connection::Connector;
use bridge::session::{Plan, Record};
use bridge::telephony::ari::{Ari, AriConfig};
use bridge::telephony::dial::AsteriskDialer;
use bridge::telephony::leg::{DialRequest, Dialer};
use bridge::telephony::media::MediaTransport;
use domain::{Language, Secret};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use url::Url;

/// How long calls that are under way may take to end when nobody wants them any more.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the bridge finds its neighbours.
#[derive(Debug, Clone, clap::Args)]
pub struct Neighbours {
    /// Base address of ARI.
    #[arg(long)]
    pub ari: Url,
    /// Address of the Realtime API.
    #[arg(long)]
    pub model: Url,
    /// How sound travels: `rtp` or `websocket`.
    #[arg(long, default_value = "rtp", value_parser = transport)]
    pub media: MediaTransport,
}

/// A way for the sound by its name in the configuration.
///
/// # Errors
/// When there is none of that name.
pub fn transport(name: &str) -> Result<MediaTransport, String> {
    match name {
        "rtp" => Ok(MediaTransport::Rtp),
        "websocket" => Ok(MediaTransport::WebSocket),
        other => Err(format!("{other} is no way for the sound: rtp or websocket")),
    }
}

/// How a call came out, for the parent process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Came {
    /// The call.
    pub call: u32,
    /// `Answered`, or why not.
    pub outcome: String,
    /// Why it ended.
    pub reason: String,
    /// Counters that must be zero in a call where nothing goes wrong.
    pub troubles: Vec<(String, u64)>,
    /// Counters that tell something and may be anything.
    pub notes: Vec<(String, u64)>,
}

impl Came {
    fn of(call: u32, end: &CallEnd) -> Self {
        let named = |pairs: &[(&str, u64)]| pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let (session, leg) = (&end.session, &end.leg);
        Self {
            call,
            outcome: format!("{:?}", end.outcome),
            reason: format!("{:?}", end.reason),
            troubles: named(&[
                ("unknown_events", session.unknown_events),
                ("malformed_events", session.malformed_events),
                ("overflows", session.overflows),
                ("reanchored", session.reanchored),
                ("lost_links", session.lost_links),
                ("overdue", session.overdue),
                ("errors", session.errors),
                ("dropped_frames", session.dropped_frames),
                ("underruns", session.underruns),
                ("unsent", leg.unsent),
                ("strangers", leg.strangers),
                ("malformed_packets", leg.malformed),
                ("packets_lost", leg.inbound.lost),
                ("packets_late", leg.inbound.late),
                ("packets_duplicate", leg.inbound.duplicate),
                ("sources", leg.inbound.sources),
                ("lost_records", end.lost_records),
            ]),
            notes: named(&[
                ("barge_ins", session.barge_ins),
                ("stale_deltas", session.stale_deltas),
                ("packets_received", leg.inbound.received),
                ("packets_reordered", leg.inbound.reordered),
                ("silence_fed", leg.inbound.silent),
                ("packets_sent", leg.sent),
            ]),
        }
    }

    /// One of the counters.
    pub fn counter(&self, name: &str) -> u64 {
        let mut all = self.troubles.iter().chain(&self.notes);
        all.find(|(known, _)| known == name).map_or(0, |(_, count)| *count)
    }
}

/// Everything the bridge side needs to place calls; also used by tests in their own process.
pub struct BridgeSide {
    dialer: AsteriskDialer,
    connector: Connector,
}

impl BridgeSide {
    /// Connects to Asterisk; completes when its events arrive.
    ///
    /// # Errors
    /// When Asterisk is not there within five seconds.
    pub async fn connect(neighbours: &Neighbours) -> Result<Self, String> {
        let config = AriConfig {
            url: neighbours.ari.clone(),
            user: "bianca".to_owned(),
            password: Secret::new("secret".to_owned()),
            app: "bianca".to_owned(),
        };
        let (ari, _) = Ari::start(config).map_err(|error| error.to_string())?;
        let mut patience = 500;
        while !ari.is_connected() {
            patience -= 1;
            if patience == 0 {
                return Err("Asterisk does not send events".to_owned());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let trunk = "PJSIP/{number}@trunk".parse().map_err(|()| "the dial string is wrong".to_owned())?;
        let dialer = AsteriskDialer::new(ari, trunk, IpAddr::V4(Ipv4Addr::LOCALHOST), None).over(neighbours.media);
        let connector = Connector::new(neighbours.model.clone(), Secret::new("sk-load".to_owned()));
        Ok(Self { dialer, connector })
    }

    /// One call from dialling to its end.
    ///
    /// # Errors
    /// When it could not be dialled.
    pub async fn call(&self, call: u32) -> Result<Came, String> {
        let number = format!("+1555{call:07}").parse().map_err(|_| "the number is wrong".to_owned())?;
        let request = DialRequest {
            call_id: format!("load-{call:07}"),
            number,
            caller_id: None,
            ring_for: Duration::from_secs(30),
            language: domain::Language::En,
            codec: Codec::Ulaw,
        };
        let leg = self.dialer.dial(request).await.map_err(|error| error.to_string())?;
        let plan = Plan {
            instructions: format!("You are a kind companion. This is call {call}.").into(),
            greeting: "Greet the person.".to_owned().into(),
            detect_machine: true,
            seed: u64::from(call),
            ..Plan::new(format!("load-{call:07}"), Language::En)
        };
        let (records, mut received) = mpsc::channel::<Record>(32);
        let (_commands, commanded) = mpsc::channel(1);
        let taking = tokio::spawn(async move { while received.recv().await.is_some() {} });
        let outside = Outside::alone(&plan, records, commanded);
        let end = Box::pin(driver::run(plan, leg, self.connector.clone(), outside)).await;
        taking.await.ok();
        Ok(Came::of(call, &end))
    }
}

/// Says a line to the parent.
fn say(line: &str) {
    static LOCK: Mutex<()> = Mutex::new(());
    let _one_at_a_time = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    // The parent has gone: there is nobody to tell.
    let _ = writeln!(io::stdout(), "{line}");
}

/// Serves the parent: `call N` on the standard input places a call; at its end, a line of JSON on the standard output.
///
/// # Errors
/// When Asterisk is not there.
pub async fn serve(neighbours: &Neighbours) -> Result<(), String> {
    let side = std::sync::Arc::new(BridgeSide::connect(neighbours).await?);
    say("ready");
    let mut calls = JoinSet::new();
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let Some(call) = line.strip_prefix("call ").and_then(|number| number.parse().ok()) else { continue };
        let side = std::sync::Arc::clone(&side);
        calls.spawn(async move {
            let came = side.call(call).await.unwrap_or_else(|error| Came {
                call,
                outcome: "NotDialled".to_owned(),
                reason: error,
                troubles: Vec::new(),
                notes: Vec::new(),
            });
            say(&serde_json::to_string(&came).unwrap_or_default());
        });
        while calls.try_join_next().is_some() {}
    }
    let all = async { while calls.join_next().await.is_some() {} };
    tokio::time::timeout(PATIENCE, all).await.map_err(|_| "calls did not end".to_owned())
}
