//! What happened in a call, one line each, without anybody's words.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;

use crate::metrics;
use crate::session::{Done, Input, LinkEvent, NextEvent, Output, PhoneEvent, Record, Work};

/// Entries of a timeline; a call that has more is told with its beginning and its end, and the middle
/// left out.
const LONGEST: usize = 2_000;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Milliseconds since the call was asked for.
    pub at_ms: u64,
    /// What happened, in one word of ours.
    pub what: &'static str,
    /// More about it: who, a code, milliseconds.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// What happened in a call so far. A clone shows the same.
#[derive(Debug, Clone)]
pub struct Timeline {
    began: Instant,
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl Timeline {
    /// Of a call that begins at `began`.
    pub(crate) fn new(began: Instant) -> Self {
        Self { began, entries: Arc::default() }
    }

    /// Everything so far, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn note(&self, now: Instant, what: &'static str, detail: impl Into<String>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let at_ms = u64::try_from(now.saturating_duration_since(self.began).as_millis()).unwrap_or(u64::MAX);
        if entries.len() >= LONGEST {
            entries.remove(LONGEST / 2);
        }
        entries.push(Entry { at_ms, what, detail: detail.into() });
    }

    pub(super) fn input(&self, now: Instant, input: &Input) {
        match input {
            Input::Phone(event) => self.note(now, phone(*event), ""),
            Input::Next(NextEvent::Link(LinkEvent::Down(failure))) => {
                self.note(now, "next_model_lost", metrics::class(failure));
            }
            Input::Link(event) | Input::Next(NextEvent::Link(event)) => match event {
                LinkEvent::Up { .. } => self.note(now, "model_connected", ""),
                LinkEvent::Malformed => self.note(now, "model_malformed", ""),
                LinkEvent::Down(failure) => self.note(now, "model_lost", metrics::class(failure)),
            },
            Input::Done { done, .. } => self.note(now, "done", how(done)),
            Input::Command(_) => self.note(now, "command", ""),
            Input::Caller(_)
            | Input::Filled(_)
            | Input::Model(_)
            | Input::Next(_)
            | Input::InFlight(_)
            | Input::Tick => {}
        }
    }

    pub(super) fn output(&self, now: Instant, output: &Output) {
        match output {
            Output::Persist(Record::Answered(latency)) => {
                self.note(now, "answer", format!("{} ms", latency.total()));
            }
            Output::Persist(Record::Turn(turn)) if turn.complete => {
                self.note(now, "turn", format!("{:?}", turn.speaker).to_lowercase());
            }
            Output::Persist(Record::Speaking { ai, caller }) => {
                let who = match (ai, caller) {
                    (true, true) => "both",
                    (true, false) => "bianca",
                    (false, true) => "caller",
                    (false, false) => "nobody",
                };
                self.note(now, "speaks", who);
            }
            Output::Persist(Record::Tool { name, .. }) => self.note(now, "function", metrics::known_tool(name)),
            Output::Run(task) => self.note(now, "asked", what(&task.work)),
            Output::OpenModel => self.note(now, "model_opened", ""),
            Output::OpenNext => self.note(now, "next_model_opened", ""),
            Output::Promote => self.note(now, "next_model_took_over", ""),
            Output::Transfer(_) => self.note(now, "transfer", ""),
            Output::Press(_) => self.note(now, "pressed", ""),
            Output::Hangup => self.note(now, "hangup", ""),
            Output::Ended(ending) => self.note(now, "ended", metrics::name_of(&ending.reason)),
            Output::SendModel(event) if event.event_id.is_some() => self.note(now, event.command.kind(), ""),
            _ => {}
        }
    }
}

const fn phone(event: PhoneEvent) -> &'static str {
    match event {
        PhoneEvent::Ringing => "ringing",
        PhoneEvent::Answered => "answered",
        PhoneEvent::MediaUp => "media_up",
        // Which key is the patient's business.
        PhoneEvent::Dtmf(_) => "key",
        PhoneEvent::Transferred => "transferred",
        PhoneEvent::TransferFailed(_) => "transfer_failed",
        PhoneEvent::HungUp(_) => "hung_up",
    }
}

const fn what(work: &Work) -> &'static str {
    match work {
        Work::Alert { .. } => "alert",
        Work::Note { .. } => "note",
        Work::CallBack { .. } => "call_back",
        Work::FindCaregiver => "find_caregiver",
    }
}

const fn how(done: &Done) -> &'static str {
    match done {
        Done::Alerted { .. } => "alerted",
        Done::Noted => "noted",
        Done::CallBackIn { .. } => "call_back",
        Done::Caregiver(Some(_)) => "caregiver",
        Done::Caregiver(None) => "no_caregiver",
        Done::Failed(_) => "failed",
    }
}
