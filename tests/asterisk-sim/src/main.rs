//! `asterisk-sim`: the fake Asterisk as a process of its own. Every number is picked up by somebody who is silent,
//! or who says again what is heard.

use std::collections::VecDeque;
use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use asterisk_sim::{Answer, Asterisk, Config, Does, Heard, Moment, Phone};
use bytes::Bytes;
use clap::Parser;

/// A fake Asterisk: ARI, RTP or a socket for the sound, and a telephone behind every number.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Where to listen; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:8088")]
    addr: SocketAddr,
    /// Milliseconds until a telephone is picked up.
    #[arg(long, default_value_t = 1000)]
    ring_ms: u64,
    /// Telephones say again what they hear, after two seconds.
    #[arg(long)]
    echo: bool,
}

/// Frames between hearing and saying.
const ECHO_AFTER: usize = 100;

/// Somebody who is silent, or an echo.
struct Person {
    echo: bool,
    heard: VecDeque<Bytes>,
}

impl Phone for Person {
    fn speak(&mut self, _moment: Moment) -> Does {
        let said = if self.heard.len() > ECHO_AFTER { self.heard.pop_front() } else { None };
        Does::Says(said.unwrap_or(Bytes::from_static(&[0xFF; 160])))
    }

    fn hear(&mut self, heard: Heard<'_>) {
        if self.echo {
            self.heard.push_back(Bytes::copy_from_slice(heard.sound));
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let Args { addr, ring_ms, echo } = Args::parse();
    let person = move || Person { echo, heard: VecDeque::new() };
    let config = Config { addr, ..Config::default() };
    let started = Asterisk::start(config, move |_| Answer::by(person(), Duration::from_millis(ring_ms))).await;
    let asterisk = match started {
        Ok(asterisk) => asterisk,
        Err(error) => {
            tracing::error!(%error, "cannot listen on {addr}; --addr chooses another address");
            return ExitCode::FAILURE;
        }
    };
    let greeting = format!(
        "ASTERISK_ARI_URL={}\nASTERISK_ARI_USER=bianca\nASTERISK_ARI_PASSWORD=secret\nASTERISK_TRUNK=PJSIP/{{number}}@trunk\n",
        asterisk.ari_url()
    );
    // Nobody may be reading: it runs all the same.
    let _ = std::io::stdout().write_all(greeting.as_bytes());
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::error!(%error, "cannot wait for a signal");
    }
    ExitCode::SUCCESS
}
