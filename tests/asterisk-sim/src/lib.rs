//! A fake Asterisk 22: the REST interface over HTTP, its events over a WebSocket, sound over RTP or over
//! `chan_websocket`, and telephones that a test drives.
//!
//! It stands where Asterisk would and depends on no crate of ours, so it cannot share a misunderstanding with the
//! bridge. Hundreds of calls run in one process: one thread keeps the 20 ms schedule of all telephones.
//!
//! # What is real and what is not
//!
//! Real: requests, answers and refusals, the order and the fields of events (recorded from Asterisk 22.10, see
//! `tests/phone/samples`), one UDP socket for each call, RTP with its numbers, the control messages and the
//! play-out queue of `chan_websocket`. What the application sends is judged packet by packet: [`StreamStats`].
//!
//! Not here: SIP, codecs (bytes pass untouched), RTCP, recordings, play-back, bridges of more than one telephone
//! with the application's sound, `AudioSocket`, sockets that Asterisk opens itself, REST requests over the event socket.
//!
//! # Example
//!
//! ```no_run
//! # async fn run(phone: impl asterisk_sim::Phone + Clone + Sync) -> std::io::Result<()> {
//! use std::time::Duration;
//!
//! use asterisk_sim::{Answer, Asterisk, Config, Fate};
//!
//! let asterisk = Asterisk::start(Config::default(), move |dialled| match dialled.number() {
//!     "+15550100042" => Answer::by(phone.clone(), Duration::from_secs(1)),
//!     _ => Answer::of(Fate::Unknown),
//! })
//! .await?;
//! println!("{}", asterisk.ari_url());
//! # Ok(())
//! # }
//! ```

mod bridges;
mod channels;
mod dial;
mod external;
mod line;
mod media;
pub mod net;
mod phone;
mod rtp;
mod server;
mod show;
mod wheel;
mod world;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::json;
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;

pub use crate::media::ControlFormat;
pub use crate::phone::{Answer, Dialled, Does, Fate, Heard, Moment, Phone};
pub use crate::rtp::StreamStats;

use crate::line::Line;
use crate::net::{Net, NetStats};
use crate::wheel::Wheel;
use crate::world::{Channel, Far, NORMAL, World};

/// Decides what becomes of a number.
pub(crate) type Answers = Box<dyn Fn(&Dialled) -> Answer + Send + Sync>;

/// How this Asterisk is set up. Start from [`Config::default`].
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen for HTTP; RTP is on free ports of the same IP address. Default: any port of 127.0.0.1.
    pub addr: SocketAddr,
    /// User of `ari.conf`. Default `bianca`.
    pub user: String,
    /// That user's password. Default `secret`.
    pub password: String,
    /// What `GET /asterisk/info` says. Default: a 22.10.1.
    pub version: String,
    /// The form of `chan_websocket`'s control messages. Default: JSON.
    pub control: ControlFormat,
    /// The network that RTP to the application passes through. Default: a good one.
    pub net: Net,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            user: "bianca".to_owned(),
            password: "secret".to_owned(),
            version: "22.10.1".to_owned(),
            control: ControlFormat::default(),
            net: Net::default(),
        }
    }
}

/// What was counted, over one call or over all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Totals {
    /// Packets, or WebSocket messages, sent to the application; what the network added included.
    pub sent: u64,
    /// Packets that this machine would not take.
    pub unsent: u64,
    /// What the network did.
    pub net: NetStats,
    /// What the application sent; over `chan_websocket` only the number of frames.
    pub stream: StreamStats,
    /// Frames that the application flushed from the play-out queue.
    pub flushed: u64,
    /// Bytes that the play-out queue lost: messages that are no whole frames, and what came when it was full.
    pub dropped_bytes: u64,
    /// Control messages that were not understood.
    pub unknown_commands: u64,
}

impl Totals {
    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.unsent += other.unsent;
        self.net.add(&other.net);
        self.stream.add(&other.stream);
        self.flushed += other.flushed;
        self.dropped_bytes += other.dropped_bytes;
        self.unknown_commands += other.unknown_commands;
    }
}

/// A running Asterisk. Dropping it stops it.
pub struct Asterisk {
    world: Arc<World>,
    addr: SocketAddr,
    server: JoinHandle<()>,
}

impl Asterisk {
    /// Starts listening. `answers` decides what becomes of every number that is dialled. Must be called within a
    /// Tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(
        config: Config,
        answers: impl Fn(&Dialled) -> Answer + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(config.addr).await?;
        let addr = listener.local_addr()?;
        let stranger = Arc::new(UdpSocket::bind((addr.ip(), 0)).await?);
        let world = Arc::new(World::new(config, addr.ip(), stranger, Box::new(answers), Wheel::start()?));
        let router = server::router(Arc::clone(&world));
        let server = tokio::spawn(async move {
            let no_delay = axum::serve::ListenerExt::tap_io(listener, |stream| {
                stream.set_nodelay(true).ok();
            });
            if let Err(error) = axum::serve(no_delay, router).await {
                tracing::error!(%error, "the fake Asterisk stopped listening");
            }
        });
        Ok(Self { world, addr, server })
    }

    /// Where it listens for HTTP.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base address of ARI, `http://host:port/ari`.
    pub fn ari_url(&self) -> String {
        format!("http://{}/ari", self.addr)
    }

    /// Somebody calls: the channel rings in `app` until it is answered there. `None` when nobody listens, and the
    /// dialplan has to say so to the caller.
    pub fn call_in(&self, app: &str, caller: &str, phone: impl Phone) -> Option<String> {
        let id = format!("{}.{}", jiff::Timestamp::now().as_second(), self.world.number());
        let line = Line::new(&id, Box::new(phone), &self.world);
        let channel = Channel {
            id: id.clone(),
            name: format!("PJSIP/trunk-{:08x}", self.world.number()),
            state: "Ring",
            protocol_id: format!("{:016x}", rand::random::<u64>()),
            caller: caller.to_owned(),
            connected: String::new(),
            context: "from-trunk",
            running: ("Ringing".to_owned(), String::new()),
            created: show::now(),
            app: app.to_owned(),
            args: vec!["inbound".to_owned()],
            bridge: None,
            variables: std::collections::BTreeMap::new(),
            dialstring: String::new(),
            far: Far::Line(line),
            story: None,
        };
        self.world.state().channels.insert(id.clone(), channel);
        if self.world.enter(&id) {
            return Some(id);
        }
        self.world.end(&id, NORMAL, "Normal Clearing", None);
        None
    }

    /// Hangs a channel up from the far end, with a Q.850 cause.
    pub fn hang_up(&self, channel: &str, cause: u32) {
        self.world.end(channel, cause, "Normal Clearing", Some(json!({})));
    }

    /// The ids of all channels.
    pub fn channels(&self) -> Vec<String> {
        self.world.state().channels.keys().cloned().collect()
    }

    /// The ids of all bridges.
    pub fn bridges(&self) -> Vec<String> {
        self.world.state().bridges.keys().cloned().collect()
    }

    /// Whether an application listens.
    pub fn is_subscribed(&self, app: &str) -> bool {
        self.world.is_subscribed(app)
    }

    /// Ends every event socket, as a restart of Asterisk's HTTP server would. Calls go on.
    pub fn cut_events(&self) {
        self.world.unsubscribe_all();
    }

    /// What was counted for all calls.
    pub fn totals(&self) -> Totals {
        self.world.totals()
    }
}

impl Drop for Asterisk {
    fn drop(&mut self) {
        self.server.abort();
    }
}
