//! `replay`: runs a recorded call again, says whether it came out the same, and shows what happened.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use bridge::trace;

use crate::{Failure, console};

/// Replays the trace in `file` (see `BRIDGE_TRACES`).
pub(crate) fn replay(file: &Path, json: bool) -> Result<(), Failure> {
    let opened = File::open(file).map_err(|error| format!("{} cannot be opened: {error}", file.display()))?;
    let replay = trace::replay(BufReader::new(opened))?;
    if json {
        console::say(&serde_json::to_string(&replay)?);
    } else {
        for step in &replay.timeline {
            let seconds = std::time::Duration::from_millis(step.at_ms).as_secs_f64();
            console::say(&format!("{seconds:>9.3} s  {:<9} {}", step.input, step.outputs.join(", ")));
        }
        let torn = if replay.torn { "; the last line is cut off" } else { "" };
        console::say(&format!("call {}: {} steps{torn}", replay.call, replay.steps));
    }
    match replay.differs_at {
        None => Ok(()),
        Some(step) => Err(format!("from step {step} on it comes out differently: the code has changed since").into()),
    }
}
