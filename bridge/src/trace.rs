//! Everything that happened in a call, written down so that it can be replayed.
//!
//! A trace is JSON Lines. The first line holds the plan; every other one an input of the session, when
//! it came, and a digest of what followed from it. Replaying the inputs must give the same digests. A
//! trace holds the patient's voice and words: it is written only when an operator asks for it, to a
//! folder of theirs.

use std::fs::OpenOptions;
use std::io::{self, BufRead, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::session::{Input, Output, Outputs, Plan, Record, Session};

/// Version of the form; another one is not read.
const VERSION: u32 = 1;

/// Lines that wait for the disk. A disk that is slower than this costs the trace, never the call.
const WAITING: usize = 4096;

/// Longest line read, in bytes: an input with a message of 16 MiB, as base64 and escaped.
const MAX_LINE: usize = 64 << 20;

#[derive(Serialize, Deserialize)]
struct Head {
    version: u32,
    plan: Plan,
    digest: String,
}

/// One step of a trace.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// Nanoseconds since the call began: anything coarser would move what comes in the same instant.
    at: u64,
    input: Input,
    /// Kinds of what followed, in order.
    out: Vec<String>,
    digest: String,
}

/// Writes the trace of one call.
#[derive(Debug)]
pub struct Tracer {
    plan: Option<Plan>,
    started: Instant,
    lines: Option<SyncSender<String>>,
}

impl Tracer {
    /// A trace in `folder`, named for the call. Only the owner may read it.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(folder: &Path, plan: &Plan) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // A process that goes on with a call leaves the trace of the one before it alone.
        let part = plan.resumed.as_ref().map(|resumed| format!("-{}", resumed.talked.as_secs()));
        let name = format!("{}{}.jsonl", plan.call_id, part.unwrap_or_default());
        let file = options.open(folder.join(name))?;
        let (lines, waiting) = sync_channel::<String>(WAITING);
        std::thread::Builder::new().name("trace".to_owned()).spawn(move || {
            let mut file = BufWriter::new(file);
            for line in waiting {
                if let Err(error) = writeln!(file, "{line}") {
                    tracing::error!(%error, "a trace ends early");
                    return;
                }
            }
            if let Err(error) = file.flush() {
                tracing::error!(%error, "a trace ends early");
            }
        })?;
        Ok(Self { plan: Some(plan.clone()), started: Instant::now(), lines: Some(lines) })
    }

    /// The call begins.
    pub fn start(&mut self, now: Instant, outputs: &Outputs) {
        self.started = now;
        if let Some(plan) = self.plan.take() {
            let digest = digest(outputs, now).unwrap_or_else(unwritable);
            self.write(&Head { version: VERSION, plan, digest });
        }
    }

    /// Something happened.
    pub fn step(&mut self, now: Instant, input: &Input, outputs: &Outputs) {
        let line = Line {
            at: nanos(now.saturating_duration_since(self.started)),
            input: input.clone(),
            out: outputs.list.iter().map(|output| output.kind().to_owned()).collect(),
            digest: digest(outputs, self.started).unwrap_or_else(unwritable),
        };
        self.write(&line);
    }

    fn write(&mut self, line: &impl Serialize) {
        let Some(lines) = &self.lines else { return };
        let written = serde_json::to_string(line).map_err(|error| error.to_string()).and_then(|line| {
            lines.try_send(line).map_err(|error| match error {
                TrySendError::Full(_) => "the disk is too slow".to_owned(),
                TrySendError::Disconnected(_) => "the file cannot be written".to_owned(),
            })
        });
        if let Err(error) = written {
            // A trace with a hole cannot be replayed: what comes after it is of no use.
            tracing::error!(error, "a trace ends early");
            self.lines = None;
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Takes the place of a digest, and is the same as none.
fn unwritable(error: serde_json::Error) -> String {
    error.to_string()
}

/// The first 16 hex digits of the SHA-256 of everything that followed.
fn digest(outputs: &Outputs, started: Instant) -> serde_json::Result<String> {
    let wake_at = outputs.wake_at.map(|at| nanos(at.saturating_duration_since(started)));
    let json = serde_json::to_vec(&(&outputs.list, wake_at))?;
    let hash = <[u8; 32]>::from(Sha256::digest(&json));
    let first = hash.first_chunk().copied().unwrap_or_default();
    Ok(format!("{:016x}", u64::from_be_bytes(first)))
}

/// One step of a replay, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Milliseconds since the call began.
    pub at_ms: u64,
    /// Kind of the input.
    pub input: String,
    /// Kinds of what followed, sound left out.
    pub outputs: Vec<String>,
}

impl Step {
    /// Whether the call was over with this.
    pub fn is_last(&self) -> bool {
        self.outputs.iter().any(|output| output == "ended")
    }
}

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replay {
    /// The call.
    pub call: String,
    /// Inputs replayed.
    pub steps: u64,
    /// Number of the first step whose outputs differ from those recorded; none when all are the same.
    pub differs_at: Option<u64>,
    /// The last line was cut off, as by a crash.
    pub torn: bool,
    /// What happened, sound left out.
    pub timeline: Vec<Step>,
}

/// A trace that cannot be read.
#[derive(Debug)]
pub enum TraceError {
    /// The file could not be read.
    Io(io::Error),
    /// A line is not what a trace holds. Its content is not repeated: it may be a patient's.
    Malformed {
        /// Number of the line, from 1.
        line: u64,
    },
}

impl std::fmt::Display for TraceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the trace cannot be read: {error}"),
            Self::Malformed { line } => write!(f, "line {line} is no line of a trace of version {VERSION}"),
        }
    }
}

impl std::error::Error for TraceError {}

impl From<io::Error> for TraceError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Runs a recorded call again and compares.
///
/// # Errors
/// When the file cannot be read, or a line other than the last is no line of a trace.
pub fn replay(mut trace: impl BufRead) -> Result<Replay, TraceError> {
    let started = Instant::now();
    let head: Head = match next_line(&mut trace)? {
        Some(text) => serde_json::from_str(&text).map_err(|_| TraceError::Malformed { line: 1 })?,
        None => return Err(TraceError::Malformed { line: 1 }),
    };
    if head.version != VERSION {
        return Err(TraceError::Malformed { line: 1 });
    }
    let mut session = Session::new(head.plan.clone());
    let mut replay = Replay { call: head.plan.call_id, steps: 0, differs_at: None, torn: false, timeline: Vec::new() };
    if digest(&session.start(started), started).ok().as_ref() != Some(&head.digest) {
        replay.differs_at = Some(0);
    }
    let mut latest = started;
    while let Some(text) = next_line(&mut trace)? {
        let Ok(line) = serde_json::from_str::<Line>(&text) else {
            if next_line(&mut trace)?.is_none() {
                replay.torn = true;
                break;
            }
            return Err(TraceError::Malformed { line: replay.steps + 2 });
        };
        replay.steps += 1;
        // The session is promised a clock that never goes back.
        latest = started.checked_add(Duration::from_nanos(line.at)).unwrap_or(latest).max(latest);
        let name = line.input.kind();
        let outputs = session.handle(latest, line.input);
        if digest(&outputs, started).ok().as_ref() != Some(&line.digest) {
            replay.differs_at.get_or_insert(replay.steps);
        }
        let outputs: Vec<String> =
            outputs.list.iter().filter(|o| !o.is_sound()).map(|output| output.kind().to_owned()).collect();
        if !outputs.is_empty() {
            replay.timeline.push(Step { at_ms: line.at / 1_000_000, input: name.to_owned(), outputs });
        }
    }
    Ok(replay)
}

fn next_line(trace: &mut impl BufRead) -> Result<Option<String>, TraceError> {
    let mut text = String::new();
    let read = io::Read::take(&mut *trace, MAX_LINE as u64).read_line(&mut text)?;
    Ok((read > 0).then_some(text))
}

impl Input {
    /// What kind of thing happened, in one word.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Phone(_) => "phone",
            Self::Caller(_) => "caller",
            Self::Filled(_) => "filled",
            Self::Model(_) => "model",
            Self::Link(_) => "link",
            Self::Next(_) => "next",
            Self::Command(_) => "command",
            Self::Done { .. } => "done",
            Self::InFlight(_) => "in_flight",
            Self::Tick => "tick",
        }
    }
}

impl Record {
    /// What kind of thing is remembered, in one word.
    const fn kind(&self) -> &'static str {
        match self {
            Self::State(_) => "state",
            Self::Turn(_) => "turn",
            Self::Speaking { .. } => "speaking",
            Self::Answered(_) => "latency",
            Self::Used(_) => "usage",
            Self::Tool { .. } => "tool",
        }
    }
}

impl Output {
    /// What kind of thing is asked for, in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::OpenModel => "open_model",
            Self::CloseModel => "close_model",
            Self::SendModel(event) | Self::SendNext(event) => event.command.kind(),
            Self::OpenNext => "open_next",
            Self::Promote => "promote",
            Self::CloseNext => "close_next",
            Self::Play(_) => "play",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Flush => "flush",
            Self::Press(_) => "press",
            Self::Transfer(_) => "transfer",
            Self::CancelTransfer => "cancel_transfer",
            Self::Hangup => "hangup",
            Self::Run(_) => "run",
            Self::Persist(record) => record.kind(),
            Self::Ended(_) => "ended",
        }
    }

    /// Whether it is one of the frames that come fifty times a second.
    fn is_sound(&self) -> bool {
        matches!(self, Self::Play(_)) || self.kind() == "input_audio_buffer.append"
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use bytes::Bytes;
    use domain::Language;

    use super::*;
    use crate::session::PhoneEvent;

    /// A short call, traced; gives the lines.
    fn traced() -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan { instructions: "You are kind.".to_owned().into(), ..Plan::new("call-1", Language::En) };
        let mut tracer = Tracer::create(folder.path(), &plan).unwrap();
        let (mut session, start) = (Session::new(plan), Instant::now());
        tracer.start(start, &session.start(start));
        let inputs = [
            Input::Phone(PhoneEvent::Ringing),
            Input::Phone(PhoneEvent::Answered),
            Input::Phone(PhoneEvent::MediaUp),
            Input::Caller(Bytes::from_static(&[0x21; 160])),
            Input::Tick,
        ];
        for (n, input) in (1..).zip(inputs) {
            let now = start + Duration::from_millis(20) * n;
            let outputs = session.handle(now, input.clone());
            tracer.step(now, &input, &outputs);
        }
        drop(tracer);
        let path = folder.path().join("call-1.jsonl");
        for _ in 0..500 {
            let text = std::fs::read_to_string(&path).unwrap();
            if text.lines().count() == 6 && text.ends_with('\n') {
                return text.lines().map(str::to_owned).collect();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the trace is not written");
    }

    fn replayed(lines: &[String]) -> Result<Replay, TraceError> {
        replay(Cursor::new(lines.join("\n")))
    }

    #[test]
    fn a_trace_replays_to_the_same_outputs() {
        let replay = replayed(&traced()).unwrap();
        assert_eq!((replay.steps, replay.differs_at, replay.torn), (5, None, false));
        assert_eq!(replay.timeline[0].outputs, ["state", "open_model"]);
    }

    #[test]
    fn a_trace_that_was_changed_is_found_out() {
        let mut lines = traced();
        lines[2] = lines[2].replace("answered", "ringing");
        assert_eq!(replayed(&lines).unwrap().differs_at, Some(2));
    }

    #[test]
    fn a_line_cut_off_by_a_crash_ends_the_trace_and_one_in_the_middle_is_an_error() {
        let mut lines = traced();
        let cut = lines[5].len() / 2;
        lines[5].truncate(cut);
        let replay = replayed(&lines).unwrap();
        assert_eq!((replay.steps, replay.torn), (4, true));
        lines.swap(4, 5);
        assert!(matches!(replayed(&lines), Err(TraceError::Malformed { line: 5 })));
        for wrong in ["", "{}", "no JSON", r#"{"version":99}"#] {
            assert!(replayed(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_a_trace() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan::new("call-1", Language::En);
        let _tracer = Tracer::create(folder.path(), &plan).unwrap();
        let mode = std::fs::metadata(folder.path().join("call-1.jsonl")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
