//! Keys of the telephone: `0` asks for help, whatever else is going on, and others are collected and
//! told to the model.

use std::time::{Duration, Instant};

use domain::alerts::AlertKind;
use domain::emergencies::Severity;

use super::Session;
use super::deadlines::Reason;
use super::directions;
use super::responses::Purpose;
use super::state::Phase;
use super::task::Work;
use super::tools::Why;
use crate::realtime::command::{Command, NewItem};
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
    helped: u32,
}

impl Session {
    pub(super) fn on_key(&mut self, now: Instant, key: char) {
        self.stats.digits += 1;
        if self.answered_at.is_none() || matches!(self.phase, Phase::Machine | Phase::Transferred) {
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
        if self.keys.helped_at.is_some_and(|at| now.saturating_duration_since(at) < ONE_ALERT_IN) {
            return;
        }
        self.keys.helped_at = Some(now);
        self.keys.helped += 1;
        let work = Work::Alert {
            kind: AlertKind::HelpKey,
            severity: Severity::High,
            key: format!("help_{}", self.keys.helped),
            cues: vec!["help_key".to_owned()],
            words: None,
        };
        self.run(work, Why::Alert);
        if matches!(self.phase, Phase::Farewell(_)) {
            self.phase = Phase::Talking;
            self.deadlines.clear(Reason::Farewell);
            self.deadlines.clear(Reason::Hangup);
        }
        self.idle_checks = 0;
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
        if typed.is_empty() || !self.link.is_ready() {
            return;
        }
        let item = NewItem::message(None, "user", directions::keys(&typed));
        self.send(Command::ItemCreate { previous_item_id: None, item });
        if self.caller_since.is_none() {
            self.ask(now, Purpose::Answer);
        }
    }
}
