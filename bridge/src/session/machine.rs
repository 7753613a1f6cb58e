//! Who has picked up: a person, an answering machine, a fax. Found out while the greeting plays, so
//! that no person waits; a machine gets a message after its beep.

use std::time::{Duration, Instant};

use domain::calls::EndReason;

use super::Session;
use super::deadlines::Reason;
use super::responses::Purpose;
use super::state::Phase;
use crate::audio::answer::{Answer, Verdict};
use crate::sounds::Sentence;

/// A machine that has not let us speak by then never will.
const BEEP_WITHIN: Duration = Duration::from_secs(40);

/// What beeps later in a call is in the patient's home.
const LATEST_BEEP: Duration = Duration::from_secs(12);

/// The model has this long to begin the message; then it is the recorded one.
const MESSAGE_WITHIN: Duration = Duration::from_secs(3);

/// How far it is with who has picked up.
#[derive(Default)]
pub struct Answering {
    /// Listens until it is decided, and then for the beep.
    ear: Option<Answer>,
    /// A person, as far as known: their words count.
    pub decided: bool,
    /// The message has begun.
    leaving: bool,
}

impl Session {
    /// Begins to find out, when the plan wants it.
    pub(super) fn begin_answering(&mut self) {
        // What answers first at a switchboard is a machine, and not the one that is meant.
        if self.plan.detect_machine && self.plan.extension.is_none() {
            self.answering.ear = Some(Answer::new(self.plan.codec));
        } else {
            self.answering.decided = true;
        }
    }

    /// Listens to one frame of whoever picked up.
    pub(super) fn listen_for_machine(&mut self, now: Instant, sound: &[u8]) {
        let Some(ear) = &mut self.answering.ear else { return };
        let verdict = ear.push(sound);
        let (may_begin, beeped) = (ear.message_may_begin(), ear.beeped());
        match verdict {
            Some(Verdict::Human) => {
                self.answering.decided = true;
                self.watch_held_back(now);
            }
            Some(Verdict::Machine) => self.on_machine(now),
            Some(Verdict::Fax) => self.end(now, EndReason::Voicemail),
            // A machine with a short announcement passes for a person until its beep.
            None if self.answering.decided && beeped => self.on_machine(now),
            None => {}
        }
        if self.answering.decided && self.since_answer(now) > LATEST_BEEP && self.phase != Phase::Machine {
            self.answering.ear = None;
        }
        if self.phase == Phase::Machine && may_begin && !self.answering.leaving {
            self.leave_message(now);
        }
    }

    /// Silences the greeting and waits for the beep.
    fn on_machine(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Greeting | Phase::Talking) {
            self.answering.ear = None;
            return;
        }
        self.barge_in();
        self.floor.reset();
        self.phase = Phase::Machine;
        let owed = [Reason::Idle, Reason::Response, Reason::Retry, Reason::Opener, Reason::Filler, Reason::GiveUp];
        for reason in owed.into_iter().chain([Reason::Setup, Reason::Stalled]) {
            self.deadlines.clear(reason);
        }
        self.deadlines.set(Reason::Beep, now + BEEP_WITHIN);
        // What was said before that was known may well be a person's, beside a loud television.
        self.watch_held_back(now);
    }

    /// What passed for a machine is a person.
    pub(super) fn on_person_after_all(&mut self, now: Instant) {
        self.phase = Phase::Talking;
        self.answering.ear = None;
        self.answering.decided = true;
        for machines in [Reason::Beep, Reason::Farewell, Reason::Hangup] {
            self.deadlines.clear(machines);
        }
        self.watch_held_back(now);
    }

    /// Whether a machine is spoken to: nothing is said to it but the message.
    pub(super) fn is_with_machine(&self) -> bool {
        match &self.phase {
            Phase::Machine => true,
            Phase::Farewell(farewell) => farewell.reason == EndReason::Voicemail,
            _ => false,
        }
    }

    /// The machine listens.
    fn leave_message(&mut self, now: Instant) {
        self.answering.leaving = true;
        self.deadlines.clear(Reason::Beep);
        self.begin_farewell(now, EndReason::Voicemail, false);
        if self.link.is_ready() {
            self.barge_in();
            self.ask(now, Purpose::Message);
            self.deadlines.set(Reason::Farewell, now + MESSAGE_WITHIN);
        } else {
            self.say(now, Sentence::Voicemail);
        }
    }
}

impl std::fmt::Debug for Answering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answering").field("decided", &self.decided).finish_non_exhaustive()
    }
}
