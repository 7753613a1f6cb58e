//! `load`: drives calls through the bridge and says what they cost. See `docs/benchmarks.md`.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use load::bridge_side::{self, Neighbours};
use load::control;
use load::run::{self, Load};

/// Drives many calls through the bridge and says what they cost and how late they are.
///
/// Build it as the bridge is built: `cargo run -p load --profile bridge -- --calls 100 --seconds 60`.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Args {
    #[command(flatten)]
    load: Load,
    /// One JSON object instead of tables.
    #[arg(long)]
    json: bool,
    /// End with exit code 1 when a bar is missed.
    #[arg(long)]
    assert: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

/// The parts that this program starts as processes of their own.
#[derive(Subcommand)]
enum Part {
    /// The bridge.
    #[command(hide = true)]
    Bridge(Neighbours),
    /// What the bridge is compared with.
    #[command(hide = true)]
    Relay {
        /// Where the parent listens.
        parent: SocketAddr,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::WARN).init();
    let args = Args::parse();
    let done = match args.part {
        Some(Part::Bridge(neighbours)) => bridge_side::serve(&neighbours).await,
        Some(Part::Relay { parent }) => control::relay(parent).map_err(|error| error.to_string()),
        None => measure(args).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(args: Args) -> Result<(), String> {
    let say = |line: &str| {
        let _ = writeln!(std::io::stderr(), "{line}");
    };
    let outcome = run::run(args.load, &say).await.map_err(|error| error.to_string())?;
    let text = if args.json { outcome.json().to_string() + "\n" } else { outcome.text() };
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| error.to_string())?;
    let missed: Vec<_> = outcome.bars().into_iter().filter(|bar| !bar.ok).map(|bar| bar.what).collect();
    if args.assert && !missed.is_empty() {
        return Err(format!("missed: {}", missed.join("; ")));
    }
    Ok(())
}
