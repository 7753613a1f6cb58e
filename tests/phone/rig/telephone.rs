//! Real SIP telephones.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};

use openai_sim::speech::Line;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::capture::Capture;
use super::{PATIENCE, folder, here, until, variable};

/// The number of every telephone here; whatever is dialled reaches the one that is switched on.
pub const NUMBER: &str = "+15550100142";

/// The port where the trunk leads.
const SIP_PORT: u16 = 5080;

/// Which telephone: several can be switched on when these differ.
pub struct Place {
    /// Its number.
    pub number: &'static str,
    /// Where it is called.
    pub sip: u16,
    /// Where it takes commands and tells what happens to it.
    pub control: u16,
    /// The first of its RTP ports.
    pub rtp: u16,
}

/// The patient's telephone, to which the trunk leads.
pub const PATIENTS: Place = Place { number: NUMBER, sip: SIP_PORT, control: 5083, rtp: 22000 };

/// A telephone with somebody at it who does what the test says. See `baresip-start`.
pub struct Telephone {
    folder: PathBuf,
    control: BufReader<TcpStream>,
    rtp: u16,
    /// Messages that nobody has waited for yet; events and answers come in any order.
    unread: Vec<Value>,
}

impl Telephone {
    /// A telephone that is on the hook, in a quiet room.
    pub async fn switch_on() -> Self {
        Self::that_says(&PATIENTS, &[]).await
    }

    /// A telephone that says this from the moment it is picked up, mu-law; then it is quiet.
    pub async fn that_says(place: &Place, sound: &[u8]) -> Self {
        let folder = folder("telephone");
        let speech = wav(&folder, "first", sound);
        let (control, sip, rtp) = (place.control.to_string(), place.sip.to_string(), place.rtp.to_string());
        let variables = [
            ("PHONE_NUMBER", place.number),
            ("PHONE_ANSWER", "manual"),
            ("PHONE_CONTROL", &control),
            ("PHONE_PORT", &sip),
            ("PHONE_RTP_START", &rtp),
        ];
        run(Command::new(here().join("baresip-start")).arg(&folder).arg(&speech).envs(variables));
        let control = TcpStream::connect(("127.0.0.1", place.control)).await.expect("the telephone takes commands");
        Self { folder, control: BufReader::new(control), rtp: place.rtp, unread: Vec::new() }
    }

    /// Waits until it rings.
    pub async fn rings(&mut self) {
        self.event("CALL_INCOMING").await;
    }

    /// Answers.
    pub async fn pick_up(&mut self) {
        self.command("accept", "").await;
        self.event("CALL_ESTABLISHED").await;
    }

    /// Calls a number through Asterisk, and waits until it is answered.
    pub async fn dial(&mut self, number: &str) {
        self.command("dial", &format!("sip:{number}@{}", variable("PHONE_SIP"))).await;
        self.event("CALL_ESTABLISHED").await;
    }

    /// Says a line.
    pub async fn say(&mut self, line: &Line) {
        self.make_sound(line.audio).await;
    }

    /// Makes any sound, mu-law; then it is quiet again.
    pub async fn make_sound(&mut self, sound: &[u8]) {
        let wav = wav(&self.folder, "said", sound);
        self.command("ausrc", &format!("aufile,{}", wav.display())).await;
    }

    /// Presses keys (RFC 4733).
    pub async fn press(&mut self, keys: &str) {
        self.command("sndcode", keys).await;
    }

    /// Puts the receiver down.
    pub async fn hang_up(&mut self) {
        self.command("hangup", "").await;
        self.event("CALL_CLOSED").await;
    }

    /// Waits until the other side hangs up.
    pub async fn is_hung_up_on(&mut self) {
        let closed = self.event("CALL_CLOSED").await;
        // The telephone's words for a BYE that it received.
        assert_eq!(closed["param"], "Connection reset by peer", "{closed}");
    }

    /// Waits until it stops ringing without having been picked up.
    pub async fn stops_ringing(&mut self) {
        self.event("CALL_CLOSED").await;
    }

    /// Switches it off and gives everything it heard and said.
    pub fn capture(self) -> Capture {
        self.switch_off();
        Capture::read(&self.folder.join("wire.pcap"), self.rtp)
    }

    /// Switches it off and gives everything it heard: mu-law, 8,000 a second.
    pub fn heard(self) -> Vec<u8> {
        self.capture().sound()
    }

    fn switch_off(&self) {
        run(Command::new(here().join("phone-stop")).arg(&self.folder));
    }

    async fn command(&mut self, command: &str, parameters: &str) {
        let text = json!({ "command": command, "params": parameters, "token": command }).to_string();
        let message = format!("{}:{text},", text.len());
        self.control.get_mut().write_all(message.as_bytes()).await.expect("the telephone takes commands");
        let answer = self.message(|message| message["token"] == command).await;
        assert_eq!(answer["ok"], true, "the telephone refused {command}: {answer}");
    }

    async fn event(&mut self, kind: &str) -> Value {
        self.message(|message| message["type"] == kind).await
    }

    /// The next message of that kind; others are kept.
    async fn message(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(position) = self.unread.iter().position(&wanted) {
            return self.unread.remove(position);
        }
        let finding = async {
            loop {
                let message = self.next_message().await;
                if wanted(&message) {
                    return message;
                }
                self.unread.push(message);
            }
        };
        let found = timeout(PATIENCE, finding).await;
        found.unwrap_or_else(|_| panic!("the telephone did not say it within {PATIENCE:?}, but: {:?}", self.unread))
    }

    /// One message: JSON as a netstring, `length:text,`.
    async fn next_message(&mut self) -> Value {
        let mut length = Vec::new();
        self.control.read_until(b':', &mut length).await.expect("the telephone is on");
        length.pop();
        let length: usize = str::from_utf8(&length).unwrap().parse().expect("the telephone is on");
        let mut text = vec![0; length + 1];
        self.control.read_exact(&mut text).await.expect("the telephone is on");
        serde_json::from_slice(&text[..length]).expect("JSON")
    }
}

impl Drop for Telephone {
    fn drop(&mut self) {
        self.switch_off();
    }
}

/// A call from an address that is not the trunk's; fails unless it is asked for a password.
pub fn is_not_let_in_from_elsewhere(number: &str) {
    let arguments = ["call-refused", "-s", number, "-key", "caller", NUMBER];
    let mut command = Command::new(here().join("sipp-phone"));
    run(command.args(arguments).env("PHONE_ADDRESS", "127.0.0.2").env("PHONE_PORT", "5091"));
}

/// A telephone that follows a script and notices when the other side does not. See `sipp-phone`.
pub struct Scripted(Child);

impl Scripted {
    /// One of `scenarios/` with its options; ready to be called.
    pub async fn that(arguments: &[&str]) -> Self {
        let log = folder("scripted").join("sipp.log");
        let log = File::create(log).expect("the folder of the run can be written");
        let mut command = Command::new(here().join("sipp-phone"));
        let output = log.try_clone().expect("a file has two handles");
        let started = command.args(arguments).stdout(output).stderr(log).spawn();
        let phone = Self(started.expect("sipp-phone starts"));
        until(
            "the telephone is ready",
            async || {
                if listens(SIP_PORT) { Ok(()) } else { Err("its port is closed".to_owned()) }
            },
        )
        .await;
        phone
    }

    /// Waits until its script is over, and fails when it went otherwise than written there.
    pub async fn did_as_told(mut self) {
        let child = std::cell::RefCell::new(&mut self.0);
        let status = until("the telephone's script is over", async || {
            child.borrow_mut().try_wait().expect("a child can be asked").ok_or_else(|| "it goes on".to_owned())
        })
        .await;
        assert!(status.success(), "the call went otherwise than the telephone's script: {status}");
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Whether somebody has the UDP port on 127.0.0.1.
fn listens(port: u16) -> bool {
    let sockets = fs::read_to_string(Path::new("/proc/net/udp")).expect("Linux");
    sockets.contains(&format!("0100007F:{port:04X} "))
}

/// Writes sound (mu-law) and two minutes of quiet after it into a file that the telephone can play.
fn wav(folder: &Path, name: &str, sound: &[u8]) -> PathBuf {
    let (raw, wav) = (folder.join(format!("{name}.ulaw")), folder.join(format!("{name}.wav")));
    fs::write(&raw, sound).expect("the folder of the run can be written");
    let format = ["-t", "ul", "-r", "8000", "-c", "1"];
    run(Command::new("sox").args(format).arg(&raw).args(["-b", "16"]).arg(&wav).args(["pad", "0", "120"]));
    wav
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
