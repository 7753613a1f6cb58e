//! `openai-sim`: the simulator as a process of its own.

use std::{io::Write, net::SocketAddr, process::ExitCode, time::Duration};

use clap::Parser;
use openai_sim::{FunctionCall, Sim, SimConfig, faults};
use tokio::signal::unix::{SignalKind, signal};

/// A strict simulator of the OpenAI Realtime API and of the text endpoint used for summaries.
///
/// It checks every event a client sends against the provider's reference, finds turns in the audio it
/// receives, and plays a scripted care call in twelve languages. It needs no account and no network.
/// Look inside at /sim/sessions.
#[derive(Parser)]
#[command(version, after_long_help = format!("Faults:\n{}", faults::HELP))]
struct Args {
    /// Where to listen; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:8790")]
    addr: SocketAddr,
    /// Send audio this many times faster than it plays; 1 is real time, 0 all at once.
    #[arg(long, default_value_t = 8.0)]
    pace: f32,
    /// Milliseconds from the start of a response to its first delta.
    #[arg(long, default_value_t = 250)]
    first_delta_ms: u64,
    /// Up to so many milliseconds are added to that, differently in every response.
    #[arg(long, default_value_t = 0)]
    first_delta_spread_ms: u64,
    /// Milliseconds of audio in one delta, as played.
    #[arg(long, default_value_t = 100)]
    delta_ms: u64,
    /// Up to so many milliseconds are added to that, differently in every delta.
    #[arg(long, default_value_t = 0)]
    delta_spread_ms: u64,
    /// Milliseconds of silence before the first word of every spoken response.
    #[arg(long, default_value_t = 0)]
    leading_silence_ms: u64,
    /// What the spreads are drawn from; the same seed gives the same timing.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The most tokens a response can read; without it, any number.
    #[arg(long)]
    context_tokens: Option<u64>,
    /// Milliseconds from the end of a turn to its transcript.
    #[arg(long, default_value_t = 300)]
    transcription_delay_ms: u64,
    /// Seconds after which a connection expires.
    #[arg(long, default_value_t = 3600)]
    session_limit_s: u64,
    /// The only API key to let in; without it any key will do, but there must be one.
    #[arg(long)]
    api_key: Option<String>,
    /// A function that the n-th response of a connection calls after its line, when the session offers it; may be
    /// given more than once.
    #[arg(long = "call", value_name = "RESPONSE:NAME[:ARGUMENTS]")]
    calls: Vec<FunctionCall>,
    /// Something that goes wrong; may be given more than once, see the list below (with --help).
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<faults::Fault>,
}

impl From<Args> for SimConfig {
    fn from(args: Args) -> Self {
        Self {
            addr: args.addr,
            pace: args.pace,
            first_delta: Duration::from_millis(args.first_delta_ms),
            first_delta_spread: Duration::from_millis(args.first_delta_spread_ms),
            delta: Duration::from_millis(args.delta_ms),
            delta_spread: Duration::from_millis(args.delta_spread_ms),
            leading_silence: Duration::from_millis(args.leading_silence_ms),
            seed: args.seed,
            context_tokens: args.context_tokens,
            transcription_delay: Duration::from_millis(args.transcription_delay_ms),
            session_limit: Duration::from_secs(args.session_limit_s),
            calls: args.calls,
            faults: args.faults,
            api_key: args.api_key,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let args = Args::parse();
    let addr = args.addr;
    let sim = match Sim::start(args.into()) {
        Ok(sim) => sim,
        Err(error) => {
            tracing::error!(%error, "cannot listen on {addr}; is another simulator running? --addr chooses another");
            return ExitCode::FAILURE;
        }
    };
    let inspect = format!("http://{}/sim/sessions", sim.addr());
    let greeting = format!(
        "OPENAI_REALTIME_URL={}\nOPENAI_BASE_URL={}\n# inspect: {inspect}\n",
        sim.realtime_url(),
        sim.base_url()
    );
    // Nobody may be reading: the simulator runs all the same.
    let _ = std::io::stdout().write_all(greeting.as_bytes());
    if let Err(error) = asked_to_stop().await {
        tracing::error!(%error, "cannot wait for a signal");
    }
    sim.shutdown().await;
    ExitCode::SUCCESS
}

/// Returns on an interrupt (Ctrl-C) and on a polite kill.
async fn asked_to_stop() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
