//! Handing the call to a caregiver: found, telephoned, joined; or not reached, and alerted.

use std::time::{Duration, Instant};

use domain::Phone;
use domain::alerts::AlertKind;
use domain::emergencies::Severity;

use super::Session;
use super::deadlines::Reason;
use super::directions;
use super::output::Output;
use super::responses::Purpose;
use super::state::Phase;
use super::task::{Done, Work};
use super::tools::Why;
use crate::sounds::Sentence;

/// How long the caregiver's telephone may ring, with some room for the network.
const REACHED_WITHIN: Duration = Duration::from_secs(45);

/// The patient hears again that they are being connected, so that the line never seems dead.
const CUE_EVERY: Duration = Duration::from_secs(8);

/// A caregiver's telephone that rings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// How many came before it in this call.
    number: u32,
}

impl Session {
    /// A caregiver's number was looked for.
    pub(super) fn on_caregiver_found(&mut self, now: Instant, done: &Done) {
        let Done::Caregiver(Some(phone)) = done else { return self.not_reached(now, 0) };
        if !matches!(self.phase, Phase::Talking | Phase::Greeting) || self.transfer.is_some() {
            return;
        }
        self.dial_caregiver(now, phone.clone());
    }

    fn dial_caregiver(&mut self, now: Instant, phone: Phone) {
        self.transfers += 1;
        self.transfer = Some(Transfer { number: self.transfers });
        self.out.push(Output::Transfer(phone));
        self.say(now, Sentence::Connecting);
        self.deadlines.clear(Reason::Idle);
        self.deadlines.clear(Reason::Filler);
        self.deadlines.set(Reason::Cue, now + CUE_EVERY);
        self.deadlines.set(Reason::Transfer, now + REACHED_WITHIN);
    }

    /// Time for the patient to hear that the call is being connected.
    pub(super) fn on_cue(&mut self, now: Instant) {
        if self.transfer.is_some() {
            if self.queue.queued() == 0 && self.caller_since.is_none() {
                self.say(now, Sentence::Connecting);
            }
            self.deadlines.set(Reason::Cue, now + CUE_EVERY);
        }
    }

    /// The caregiver has the patient on the line: nothing here is heard or said any more.
    pub(super) fn on_transferred(&mut self, _now: Instant) {
        if self.transfer.take().is_none() {
            return;
        }
        self.close_sound();
        for reason in Reason::ALL {
            if reason != Reason::TimeLimit {
                self.deadlines.clear(reason);
            }
        }
        self.phase = Phase::Transferred;
        self.pacer = None;
        self.caller_since = None;
        self.set_ai_speaks(false);
        self.show_speaking();
        self.tell_turns();
        self.close_model();
    }

    /// The caregiver did not answer, or it took too long.
    pub(super) fn on_transfer_failed(&mut self, now: Instant) {
        let Some(transfer) = self.transfer.take() else { return };
        self.out.push(Output::CancelTransfer);
        self.not_reached(now, transfer.number);
    }

    fn not_reached(&mut self, now: Instant, number: u32) {
        self.deadlines.clear(Reason::Cue);
        self.deadlines.clear(Reason::Transfer);
        let work = Work::Alert {
            kind: AlertKind::Asked,
            severity: Severity::High,
            key: format!("transfer_{number}"),
            cues: vec!["transfer_not_reached".to_owned()],
            words: None,
        };
        self.run(work, Why::Quiet);
        if self.link.is_ready() {
            self.remark(directions::NOBODY_REACHED);
            self.ask(now, Purpose::Answer);
        } else {
            self.say(now, Sentence::NotReached);
        }
    }
}
