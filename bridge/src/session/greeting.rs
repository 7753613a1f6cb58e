//! The first words: prepared while the phone rings, spoken as soon as it is answered.

use std::time::{Duration, Instant};

use domain::calls::Status;

use super::deadlines::Reason;
use super::output::{Output, Record};
use super::responses::Purpose;
use super::state::Phase;
use super::{MEDIA_WITHIN, Session};
use crate::audio::pacer::Pacer;

/// After the answer a model session has to be there within this time.
const SETUP_WITHIN: Duration = Duration::from_secs(10);

/// A greeting that is not there by then is preceded by a recorded hello.
const OPENER_AFTER: Duration = Duration::from_millis(1200);

/// Whoever is behind a switchboard is spoken to after this long even if they say nothing.
const REACHED_WITHIN: Duration = Duration::from_secs(20);

/// A key takes 100 ms and as long a pause (RFC 4733 allows 40); a comma is 500 ms.
const KEY: Duration = Duration::from_millis(200);
const COMMA: Duration = Duration::from_millis(500);

/// How long these keys take to press.
fn pressing(keys: &str) -> Duration {
    keys.chars().map(|key| if key == ',' { COMMA } else { KEY }).sum()
}

/// The longest call is announced to the model this long before its end, and again later.
const ENDING_SOON: Duration = Duration::from_secs(90);
const WRAP_UP: Duration = Duration::from_secs(45);

impl Session {
    pub(super) fn on_answered(&mut self, now: Instant) {
        let resumed = self.plan.resumed.as_ref().map(|resumed| resumed.talked);
        self.answered_at = Some(resumed.and_then(|talked| now.checked_sub(talked)).unwrap_or(now));
        self.persist(Record::State(Status::Connected));
        self.deadlines.clear(Reason::Ring);
        self.deadlines.set(Reason::Media, now + MEDIA_WITHIN);
        self.limit_length(now);
        if !self.link.is_ready() {
            self.deadlines.set(Reason::Setup, now + SETUP_WITHIN);
        }
        if resumed.is_some() {
            // The greeting was heard long ago, by whoever picked up.
            self.phase = Phase::Talking;
            self.answering.decided = true;
            self.greeting.asked = true;
            self.watch_again(now);
        } else {
            self.phase = Phase::Greeting;
            self.begin_answering();
            match self.plan.extension.clone() {
                Some(keys) => {
                    // A switchboard has answered: the patient comes after the keys.
                    self.pressed_until = Some(now + pressing(&keys));
                    self.deadlines.set(Reason::Reached, now + pressing(&keys) + REACHED_WITHIN);
                    self.out.push(Output::Press(keys));
                }
                None => self.deadlines.set(Reason::Opener, now + OPENER_AFTER),
            }
        }
        self.open_model_if_idle();
        self.try_greeting(now);
    }

    /// Somebody speaks behind the switchboard, or should have by now.
    pub(super) fn on_reached(&mut self, now: Instant) {
        self.pressed_until = None;
        self.deadlines.clear(Reason::Reached);
        if self.phase == Phase::Greeting {
            self.deadlines.set(Reason::Opener, now + OPENER_AFTER);
        }
    }

    /// Whether the keys of a switchboard are pressed, or the patient behind it has not spoken yet.
    pub(super) fn is_behind_switchboard(&self) -> bool {
        self.pressed_until.is_some()
    }

    fn limit_length(&mut self, now: Instant) {
        let end = now + self.plan.max_call.saturating_sub(self.since_answer(now));
        self.deadlines.set(Reason::TimeLimit, end);
        for (reason, before) in [(Reason::EndingSoon, ENDING_SOON), (Reason::WrapUp, WRAP_UP)] {
            if let Some(at) = end.checked_sub(before).filter(|at| *at > now) {
                self.deadlines.set(reason, at);
            }
        }
    }

    /// Starts the 20 ms schedule once the line is up, and asks for the greeting once the model is
    /// ready: before the answer when the plan wants it prepared.
    pub(super) fn try_greeting(&mut self, now: Instant) {
        let line_is_up = self.media && self.answered_at.is_some();
        if line_is_up && self.pacer.is_none() && matches!(self.phase, Phase::Greeting | Phase::Talking) {
            self.pacer = Some(Pacer::new(now));
        }
        let time = match self.phase {
            Phase::Ringing | Phase::Dialing => self.plan.prepare_greeting,
            Phase::Greeting => line_is_up || self.plan.prepare_greeting,
            _ => false,
        };
        if time && !self.greeting.asked && self.link.is_ready() {
            self.greeting.asked = true;
            self.ask(now, Purpose::Greeting);
        }
    }
}
