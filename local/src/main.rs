//! The whole house on one machine.
//!
//! `cargo run -p local` brings everything up; see `--help` for the rest.

mod audit;
mod call;
mod console;
mod demo;
mod evaluate;
mod gateway;
mod generate;
mod house;
mod migrate;
mod operator;
mod phone;
mod replay;
mod running;
mod settings;
mod train;
mod up;
mod web;
mod work;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// Bianca's whole backend on this machine: servers, API, workers, bridge and a simulated model.
#[derive(Parser)]
#[command(version, about, long_about = None)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    up: Up,
}

#[derive(Args, Clone)]
struct Up {
    /// Print one line of JSON with every address and the demo tokens once everything is ready.
    #[arg(long)]
    json: bool,
    /// Run no bridge: it is a process of its own, with the variables that --json tells as `bridgeEnvironment`.
    #[arg(long, requires = "json")]
    no_bridge: bool,
    #[command(flatten)]
    place: Place,
}

/// Where a system is.
#[derive(Args, Clone, Debug)]
struct Place {
    /// Port of the API on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Folder of the documents and the signing key; `.local/data` of the workspace when not given.
    #[arg(long)]
    data: Option<PathBuf>,
}

impl Place {
    fn data(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(|| root().join(".local").join("data"))
    }
}

#[derive(Subcommand)]
enum Command {
    /// Bring everything up and keep it running until Ctrl-C (the default).
    Up(Up),
    /// Call a demo patient, by name or id, and print what is said.
    Call {
        /// Name or id of the patient.
        patient: String,
        /// The system that runs, or that is started when none does.
        #[command(flatten)]
        place: Place,
    },
    /// Put the demo organisation, its people and patients into the database of `MONGODB_URI`.
    Seed,
    /// Create what is missing in the database of `MONGODB_URI`: its indexes.
    Migrate,
    /// Make an administrator a platform operator, who reaches every organisation, in the database of `MONGODB_URI`.
    Operator {
        /// The address of their account, which must have a second factor.
        email: domain::Email,
        /// Take it back: they are an administrator again.
        #[arg(long)]
        remove: bool,
    },
    /// Look at the audit trail in the database of `MONGODB_URI`.
    Audit {
        #[command(subcommand)]
        command: Audit,
    },
    /// Run a call again from its trace (`BRIDGE_TRACES`) and show what happened in it.
    Replay {
        /// The trace, a file of JSON Lines.
        file: PathBuf,
        /// Print one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Learn a part of the system from labelled examples.
    Train {
        #[command(subcommand)]
        what: Train,
    },
    /// Measure a part of the system against a labelled set.
    Evaluate {
        #[command(subcommand)]
        what: Evaluate,
    },
    /// Write docs/openapi.json, docs/config.md and parts of docs/api.md from the code.
    Openapi {
        /// Write nothing; fail when a file is not what the code generates.
        #[arg(long)]
        check: bool,
    },
}

#[derive(Subcommand)]
enum Train {
    /// Learn from `shared/domain/emergencies/training` what emergencies sound like, and print cross-validated figures.
    Emergencies {
        /// Write nothing; fail when the weights in the repository are not what comes out, bit for bit.
        #[arg(long)]
        check: bool,
    },
}

#[derive(Subcommand)]
enum Evaluate {
    /// How many emergencies are heard in what patients say, and how much that is harmless is taken for one.
    Emergencies {
        /// A file, or a folder with one for each language: JSON Lines of
        /// `{"id","lang","text","emergency":true|false,"severity":"CRITICAL|HIGH|MEDIUM"|null}`; the repository's own
        /// held-out set when not given.
        file: Option<PathBuf>,
        /// Print one line of JSON for each utterance.
        #[arg(long, conflicts_with = "growing")]
        json: bool,
        /// Give each utterance word by word, as a transcript grows.
        #[arg(long)]
        growing: bool,
    },
}

#[derive(Subcommand)]
enum Audit {
    /// Verify every chain with `AUDIT_KEYS`: one line each, and a failure when one is not what was sealed.
    Verify {
        /// How far a chain has come, from a log line "audit sealed": its org and seq. Can be given for several.
        #[arg(long, value_name = "ORG:SEQ", value_parser = audit::reach)]
        reaches: Vec<audit::Reach>,
        /// Print a line of JSON for each chain.
        #[arg(long)]
        json: bool,
    },
}

/// What a command says when it fails: one sentence that says what to do.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    clients::tls::install();
    let done = match cli.command.unwrap_or(Command::Up(cli.up)) {
        Command::Up(up) => up::up(&up).await,
        Command::Call { patient, place } => call::call(&patient, &place).await,
        Command::Seed => demo::seed_database().await,
        Command::Migrate => migrate::migrate().await,
        Command::Operator { email, remove } => operator::set(&email, remove).await,
        Command::Audit { command: Audit::Verify { reaches, json } } => audit::verify(&reaches, json).await,
        Command::Replay { file, json } => replay::replay(&file, json),
        Command::Train { what: Train::Emergencies { check } } => train::emergencies(check),
        Command::Evaluate { what: Evaluate::Emergencies { file, json, growing } } => {
            evaluate::emergencies(file.as_deref(), json, growing)
        }
        Command::Openapi { check } => generate::generate(check),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace: where `.local` and `docs` are.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is a folder of the workspace").to_owned()
}
