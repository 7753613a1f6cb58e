//! Asterisk, telephones, and calls between them.

use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bridge::audio::frame::{Codec, FRAME_BYTES, FRAME_TIME, Frame};
use bridge::session::PhoneEvent;
use bridge::telephony::ari::{Ari, AriConfig, Arrival};
use bridge::telephony::dial::AsteriskDialer;
use bridge::telephony::leg::{DialRequest, Leg, LegEvent};
use bridge::telephony::media::MediaTransport;
use bridge::telephony::rtp;
use domain::Secret;
use rand::Rng;
use tokio::sync::mpsc;
use tokio::time::{interval, sleep, timeout};

pub const PATIENT: &str = "+15550100042";
pub const OURS: &str = "+15550100001";

pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: see the head of this file"))
}

pub async fn connect() -> (Ari, mpsc::Receiver<Arrival>) {
    let config = AriConfig {
        url: variable("ASTERISK_ARI_URL").parse().unwrap(),
        user: variable("ASTERISK_ARI_USER"),
        password: Secret::new(variable("ASTERISK_ARI_PASSWORD")),
        app: variable("ASTERISK_APP"),
    };
    let (ari, arrivals) = Ari::start(config).unwrap();
    let connected = async {
        while !ari.is_connected() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), connected).await.expect("Asterisk is there");
    (ari, arrivals)
}

/// Every number rings what listens on this port.
pub fn dialer(ari: Ari, transport: MediaTransport) -> AsteriskDialer {
    AsteriskDialer::new(ari, "PJSIP/{number}@trunk".parse().unwrap(), [127, 0, 0, 1].into(), None).over(transport)
}

pub fn request(call_id: &str, codec: Codec) -> DialRequest {
    DialRequest {
        call_id: call_id.to_owned(),
        number: PATIENT.parse().unwrap(),
        caller_id: Some(OURS.parse().unwrap()),
        ring_for: Duration::from_secs(30),
        language: domain::Language::En,
        codec,
    }
}

/// A scripted telephone; hung up when dropped.
pub struct Sipp(Child);

impl Sipp {
    pub async fn start(port: u16, arguments: &[&str]) -> Self {
        let rtp = (22_100 + 40 * (port % 10)).to_string();
        let mut command = Command::new(here().join("sipp-phone"));
        command.args(arguments).env("PHONE_PORT", port.to_string()).env("PHONE_RTP_START", rtp);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_millis(400)).await;
        Self(child)
    }

    pub async fn ends_well(&mut self) {
        let ended = async {
            loop {
                if let Some(status) = self.0.try_wait().unwrap() {
                    return status.success();
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(
            timeout(Duration::from_secs(40), ended).await.expect("the telephone is done"),
            "the telephone is content"
        );
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

pub fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/phone")
}

pub async fn phone(leg: &mut Box<dyn Leg>) -> PhoneEvent {
    let next = async {
        loop {
            if let LegEvent::Phone(event) = leg.next().await {
                return event;
            }
        }
    };
    timeout(Duration::from_secs(15), next).await.expect("an event comes")
}

pub async fn talking(leg: &mut Box<dyn Leg>) {
    let mut answered = false;
    loop {
        match phone(leg).await {
            PhoneEvent::Ringing => {}
            PhoneEvent::Answered => answered = true,
            PhoneEvent::MediaUp if answered => return,
            event => panic!("{event:?}"),
        }
    }
}

/// Plays random frames for a second and a half to a telephone that echoes, as the pacer would. Gives what
/// came back, in order, what was sent, and how long a frame was on the way there and back.
pub async fn echo(leg: &mut Box<dyn Leg>, frames: usize) -> (Vec<u8>, Vec<u8>) {
    let mut sent = vec![0; frames * FRAME_BYTES];
    rand::rng().fill_bytes(&mut sent);
    let mut heard = Vec::new();
    let mut ticks = interval(FRAME_TIME);
    let mut chunks = sent.as_chunks::<FRAME_BYTES>().0.iter();
    let mut silent = 0;
    while silent < 25 {
        tokio::select! {
            _ = ticks.tick() => match chunks.next() {
                Some(chunk) => leg.play(&Frame(*chunk), 0),
                None => silent += 1,
            },
            event = leg.next() => match event {
                LegEvent::Audio(sound) => heard.extend_from_slice(&sound),
                LegEvent::Filled(_) => {}
                LegEvent::Phone(event) => panic!("{event:?}"),
            }
        }
    }
    (sent, heard)
}

/// How much of what was sent came back in one piece, from its middle on.
pub fn in_one_piece(sent: &[u8], heard: &[u8]) -> bool {
    let whole = &sent[25 * FRAME_BYTES..];
    heard.windows(whole.len()).any(|window| window == whole)
}

pub async fn is_empty(ari: &Ari) {
    let empty = async {
        while !(ari.channels().await.unwrap().is_empty() && ari.bridges().await.unwrap().is_empty()) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let emptied = timeout(Duration::from_secs(5), empty).await.is_ok();
    assert!(emptied, "left in Asterisk: {:?} {:?}", ari.channels().await, ari.bridges().await);
}

pub async fn let_go(leg: &mut Box<dyn Leg>, ari: &Ari) {
    leg.hangup().await;
    leg.gone().await;
    is_empty(ari).await;
}

/// A telephone that captures what reaches it; switched off when dropped.
pub struct Baresip {
    folder: PathBuf,
    control: TcpStream,
}

impl Baresip {
    /// `answer`: `auto` or `manual`; `codecs` as baresip names them.
    pub fn start(answer: &str, codecs: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("baresip-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let quiet = folder.join("quiet.wav");
        run(Command::new("sox")
            .args(["-n", "-r", "8000", "-c", "1", "-b", "16"])
            .arg(&quiet)
            .args(["trim", "0", "60"]));
        let start = here().join("baresip-start");
        run(Command::new(start).arg(&folder).arg(&quiet).env("PHONE_ANSWER", answer).env("PHONE_CODECS", codecs));
        let control = TcpStream::connect(("127.0.0.1", 5083)).unwrap();
        Self { folder, control }
    }

    pub fn pick_up(&mut self) {
        let command = r#"{"command":"accept","token":"1"}"#;
        self.control.write_all(format!("{}:{command},", command.len()).as_bytes()).unwrap();
    }

    /// Switches it off and gives the RTP packets that reached it: payload type, timestamp, payload.
    pub fn packets(self) -> Vec<(u8, u32, Vec<u8>)> {
        run(Command::new(here().join("phone-stop")).arg(&self.folder));
        let capture = std::fs::read(self.folder.join("wire.pcap")).unwrap();
        let mut packets = Vec::new();
        let mut rest = &capture[24..];
        while let Some((header, after)) = rest.split_first_chunk::<16>() {
            let length = u32::from_le_bytes([header[8], header[9], header[10], header[11]]) as usize;
            let (frame, after) = after.split_at(length.min(after.len()));
            rest = after;
            // Ethernet (14), IP (20), UDP (8).
            let Some(to) = frame.get(36..38).map(|port| u16::from_be_bytes([port[0], port[1]])) else { continue };
            let datagram = frame.get(42..).unwrap_or_default();
            if (22_000..=22_020).contains(&to)
                && let Ok(packet) = rtp::parse(datagram)
            {
                packets.push((packet.payload_type, packet.timestamp, datagram[packet.payload].to_vec()));
            }
        }
        packets
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        run(Command::new(here().join("phone-stop")).arg(&self.folder));
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Runs a process's work and then ends it as a kill does: every task and socket of it is gone, and
/// nothing was taken down.
pub fn killed_after(work: impl AsyncFnOnce() -> Box<dyn Leg> + Send + 'static) {
    let process = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        std::mem::forget(runtime.block_on(async move { work().await }));
        runtime.shutdown_timeout(Duration::from_secs(1));
    });
    process.join().unwrap();
}
