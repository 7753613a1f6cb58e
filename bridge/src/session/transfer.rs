//! Handing the call to a caregiver: found, telephoned, joined; or not reached, and alerted.

use std::time::{Duration, Instant};

use domain::Phone;
use domain::alerts::AlertKind;
use domain::calls::EndReason;
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

/// How long the patient's last words may take to be written down.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A caregiver's telephone that rings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The call cannot go on without the caregiver: why it ends if they are not reached.
    pub then: Option<EndReason>,
}

impl Session {
    /// A caregiver's number was looked for.
    pub(super) fn on_caregiver_found(&mut self, now: Instant, done: &Done) {
        let wanted = matches!(self.phase, Phase::Talking | Phase::Greeting);
        match done {
            Done::Caregiver(Some(phone)) if wanted && self.transfer.is_none() => {
                self.dial_caregiver(now, phone.clone());
            }
            _ if wanted => self.not_reached(now),
            // The call is about to end: somebody shall know all the same.
            _ => self.alert_not_reached(now),
        }
    }

    fn dial_caregiver(&mut self, now: Instant, phone: Phone) {
        self.transfer = Some(Transfer { then: None });
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

    /// The caregiver has the patient on the line: nothing here is heard or said any more. Also in a call
    /// that was handed over by a process that died.
    pub(super) fn on_transferred(&mut self, now: Instant) {
        if self.answered_at.is_none() || matches!(self.phase, Phase::Lingering(_) | Phase::Ended) {
            return;
        }
        self.transfer = None;
        self.close_sound();
        self.deadlines.clear_all();
        self.deadlines.set(Reason::TimeLimit, now + self.plan.max_call);
        self.phase = Phase::Transferred;
        self.pacer = None;
        self.caller_since = None;
        self.set_ai_speaks(false);
        self.show_speaking();
        self.tell_turns();
        if self.transcript.awaits_caller() {
            // What the patient said last is still being written down.
            self.deadlines.set(Reason::LetGo, now + LAST_WORDS);
        } else {
            self.close_model();
        }
    }

    /// The caregiver did not answer, or it took too long.
    pub(super) fn on_transfer_failed(&mut self, now: Instant) {
        let Some(transfer) = self.transfer.take() else { return };
        self.out.push(Output::CancelTransfer);
        self.deadlines.clear(Reason::Cue);
        self.deadlines.clear(Reason::Transfer);
        match transfer.then {
            None => self.not_reached(now),
            Some(reason) => {
                self.alert_not_reached(now);
                self.apologise(now, reason);
            }
        }
    }

    /// The call ends, or is about to: the caregiver's telephone stops ringing, and they learn why it did.
    pub(super) fn give_up_transfer(&mut self, now: Instant) {
        if self.transfer.take().is_some() {
            self.out.push(Output::CancelTransfer);
            self.deadlines.clear(Reason::Cue);
            self.deadlines.clear(Reason::Transfer);
            self.alert_not_reached(now);
        }
    }

    fn alert_not_reached(&mut self, now: Instant) {
        let work = Work::Alert {
            kind: AlertKind::Asked,
            severity: Severity::High,
            key: self.key("transfer", now),
            cues: vec!["transfer_not_reached".to_owned()],
            phrases: Vec::new(),
            words: None,
        };
        self.run(work, Why::Alert);
    }

    fn not_reached(&mut self, now: Instant) {
        self.alert_not_reached(now);
        if self.link.is_ready() {
            self.remark(directions::NOBODY_REACHED);
            self.ask(now, Purpose::Answer);
        } else {
            self.say(now, Sentence::NotReached);
        }
    }
}
