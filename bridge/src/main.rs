//! The bridge as a process: one cell beside one Asterisk.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use api::log::{self, Format};
use bridge::recording::{self, RecordingKey};
use bridge::{Instruments, Settings, Telephony};
use config::{Env, Stage, log_filter, or_exit};
use services::CallCtx;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "--metrics-table") {
        return write_out(&bridge::metrics::Metrics::table());
    }
    let env = Env::of_process();
    if let [command, folder, out] = arguments.as_slice()
        && command == "--restore-recording"
    {
        return restore(&env, Path::new(folder), Path::new(out));
    }
    clients::tls::install();
    let settings = or_exit(Settings::from_env(&env));
    if arguments.first().is_some_and(|first| first == "--health") {
        return if bridge::probe(settings.bridge.health).await { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    or_exit(Stage::from_env(&env));
    let asterisk = or_exit(config::Asterisk::required(&env));
    let ctx = or_exit(CallCtx::configured(&env).await);
    log::init(Format::Json, &log_filter(&env));

    let stop = CancellationToken::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        if let (Ok(mut terminate), Ok(mut interrupt)) =
            (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("draining");
            asked.cancel();
        }
    });
    match carry(&env, ctx, settings, &asterisk, stop).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the bridge cannot run");
            ExitCode::FAILURE
        }
    }
}

/// Carries calls until `stop`.
async fn carry(
    env: &Env,
    ctx: CallCtx,
    settings: Settings,
    asterisk: &config::Asterisk,
    stop: CancellationToken,
) -> domain::Result<()> {
    let instruments = Instruments::configured(env, &settings).await?;
    let telephony = Telephony::asterisk(asterisk)?;
    let telemetry = instruments.telemetry.clone();
    let carried = bridge::run(ctx, settings, telephony, instruments, stop).await;
    telemetry.shutdown().await;
    carried
}

/// Makes one WAV file of the segments of a call, for an operator who has the key.
fn restore(env: &Env, folder: &Path, out: &Path) -> ExitCode {
    log::init(Format::Text, &log_filter(env));
    let key = config::Bridge::from_env(env).map_err(|error| error.to_string()).and_then(|bridge| {
        let key = bridge.recording_key.ok_or("BRIDGE_RECORDING_KEY is not set; see docs/config.md")?;
        Ok(RecordingKey::new(key.expose()))
    });
    let restored = key.and_then(|key| recording::restore(folder, &key, out).map_err(|error| error.to_string()));
    match restored {
        Ok(restored) => {
            let recording::Restored { segments, missing, length, complete } = restored;
            let end = if complete { "complete" } else { "cut off, or its last segments are gone" };
            write_out(&format!(
                "{}: {} s from {segments} segments, {missing} missing; {end}\n",
                out.display(),
                length.as_secs()
            ))
        }
        Err(error) => {
            tracing::error!(error, "nothing was restored");
            ExitCode::FAILURE
        }
    }
}

/// Writes to standard output what somebody asked for.
fn write_out(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
