//! Keys of the telephone: `0` asks for help, whatever else is going on, and others are collected and
//! told to the model.

use std::time::{Duration, Instant};

use domain::alerts::AlertKind;
use domain::emergencies::Severity;

use super::Session;
use super::deadlines::Reason;
use super::directions;
use super::responses::Purpose;
use super::sentences::is_recorded;
use super::state::Phase;
use super::task::Work;
use super::tools::Why;
use crate::sounds::Sentence;

/// The key that asks for help.
const HELP: char = '0';

/// The key that ends what is being typed.
const END: char = '#';

/// Typing is over after this long without a key.
const TYPED_WITHIN: Duration = Duration::from_secs(2);

/// Most keys told at once; more is a cat on the telephone.
const MOST: usize = 32;

/// A person in need presses again and again: one alert is raised in this time.
const ONE_ALERT_IN: Duration = Duration::from_secs(30);

/// What is being typed.
#[derive(Debug, Default)]
pub struct Keys {
    typed: String,
    /// When help was last asked for.
    helped_at: Option<Instant>,
}

impl Session {
    pub(super) fn on_key(&mut self, now: Instant, key: char) {
        self.stats.digits += 1;
        if self.answered_at.is_none() || self.phase == Phase::Transferred {
            return;
        }
        match key {
            // In the middle of a number it is a digit.
            HELP if self.keys.typed.is_empty() => return self.on_help(now),
            END if !self.keys.typed.is_empty() => return self.on_typed(now),
            _ if self.keys.typed.len() < MOST => self.keys.typed.push(key),
            _ => {}
        }
        self.deadlines.set(Reason::Typed, now + TYPED_WITHIN);
    }

    /// Help was asked for: the alert first, then words, recorded ones, because the model may be down.
    fn on_help(&mut self, now: Instant) {
        if self.is_with_machine() {
            // No machine presses keys.
            self.on_person_after_all(now);
        }
        if self.keys.helped_at.is_some_and(|at| now.saturating_duration_since(at) < ONE_ALERT_IN) {
            // The alert is out; whoever presses again has not heard so.
            if self.queue.playing().is_none_or(|item| !is_recorded(item)) {
                self.say(now, Sentence::HelpNoted);
            }
            return;
        }
        self.keys.helped_at = Some(now);
        let work = Work::Alert {
            kind: AlertKind::HelpKey,
            severity: Severity::High,
            key: self.key("help", now),
            cues: vec!["help_key".to_owned()],
            phrases: Vec::new(),
            words: None,
        };
        self.run(work, Why::Alert);
        self.idle_checks = 0;
        if matches!(self.phase, Phase::Farewell(_)) && !self.call_off_farewell() {
            // The call cannot go on; the words are heard before it ends.
            return self.say(now, Sentence::HelpNoted);
        }
        self.barge_in();
        self.say(now, Sentence::HelpNoted);
        self.remark(directions::HELP_PRESSED);
        self.ask(now, Purpose::Answer);
    }

    /// Nothing more is typed.
    pub(super) fn on_typed(&mut self, now: Instant) {
        self.deadlines.clear(Reason::Typed);
        let typed = std::mem::take(&mut self.keys.typed);
        self.idle_checks = 0;
        if typed.is_empty() || !matches!(self.phase, Phase::Greeting | Phase::Talking) {
            return;
        }
        self.tell_aside("user", directions::keys(&typed));
        if self.caller_since.is_none() {
            self.ask(now, Purpose::Answer);
        }
    }
}
