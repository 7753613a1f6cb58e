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
        if self.plan.detect_machine {
            self.answering.ear = Some(Answer::new(self.plan.codec));
        } else {
            self.answering.decided = true;
        }
    }

    /// Listens to one frame of whoever picked up.
    pub(super) fn listen_for_machine(&mut self, now: Instant, sound: &[u8]) {
        let Some(ear) = &mut self.answering.ear else { return };
        let verdict = ear.push(sound);
        let may_begin = ear.message_may_begin();
        match verdict {
            Some(Verdict::Human) => {
                self.answering.ear = None;
                self.answering.decided = true;
                self.watch_held_back();
            }
            Some(Verdict::Machine) => self.on_machine(now),
            Some(Verdict::Fax) => self.end(now, EndReason::Voicemail),
            None => {}
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
        for reason in [Reason::Idle, Reason::Response, Reason::Opener, Reason::Filler, Reason::GiveUp, Reason::Setup] {
            self.deadlines.clear(reason);
        }
        self.deadlines.set(Reason::Beep, now + BEEP_WITHIN);
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
            self.say_message(now);
        }
    }

    /// The recorded message, when the model has none.
    pub(super) fn say_message(&mut self, now: Instant) {
        self.responses.unwant();
        self.say(now, Sentence::Voicemail);
    }
}

impl std::fmt::Debug for Answering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answering").field("decided", &self.decided).finish_non_exhaustive()
    }
}
