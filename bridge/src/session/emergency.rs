//! The watch for emergencies: everything the caller says is looked at as soon as it is written down,
//! whole or in part. The alert is asked for first; the model is told only what came of it.

use std::time::Instant;

use domain::alerts::AlertKind;
use domain::emergencies::{self, Severity};

use super::Session;
use super::directions;
use super::responses::Purpose;
use super::state::Phase;
use super::task::{Done, Work};
use super::tools::Why;

/// Items whose words wait until it is known that a person speaks.
const HELD_BACK: usize = 16;

/// The cue that answering machines speak of: "If this is an emergency, hang up and call 911."
const OF_MACHINES: &str = "call_ambulance";

/// What was found so far.
#[derive(Debug, Default)]
pub struct Watch {
    /// The gravest finding in each item that had one.
    found: Vec<(String, Severity)>,
    /// Items that came before it was known whether a machine had answered: its announcement may well
    /// speak of emergencies.
    held_back: Vec<String>,
}

impl Session {
    /// Looks at what an item of the caller says by now.
    pub(super) fn watch(&mut self, item: &str) {
        if self.phase == Phase::Ended {
            return;
        }
        if !self.answering.decided && !self.is_with_machine() {
            if !self.watch.held_back.iter().any(|held| held == item) && self.watch.held_back.len() < HELD_BACK {
                self.watch.held_back.push(item.to_owned());
            }
            return;
        }
        let Some(text) = self.transcript.text(item) else { return };
        let Some(finding) = emergencies::assess(text, self.plan.language) else { return };
        let words = text.to_owned().into();
        if self.is_with_machine() {
            if finding.cues == [OF_MACHINES] {
                return;
            }
            // Nobody's machine has chest pain.
            self.on_person_after_all();
        }
        match self.watch.found.iter_mut().find(|(known, _)| known == item) {
            Some((_, known)) if finding.severity <= *known => return,
            Some((_, known)) => *known = finding.severity,
            None => self.watch.found.push((item.to_owned(), finding.severity)),
        }
        self.stats.emergencies += 1;
        let work = Work::Alert {
            kind: AlertKind::Emergency,
            severity: finding.severity,
            key: format!("emergency_{item}_{}", finding.severity.as_str()),
            cues: finding.cues.into_iter().map(str::to_owned).collect(),
            words: Some(words),
        };
        self.run(work, Why::Alert);
        // Nobody who is in danger is said goodbye to.
        self.call_off_farewell();
    }

    /// A person it is: what they said so far counts.
    pub(super) fn watch_held_back(&mut self) {
        for item in std::mem::take(&mut self.watch.held_back) {
            self.watch(&item);
        }
    }

    /// An alert was raised, or could not be. The model may speak of it from now on, not before.
    pub(super) fn on_alert_done(&mut self, now: Instant, done: &Done) {
        let remark = match done {
            Done::Alerted { informed } => directions::alerted(*informed),
            _ => directions::ALERT_FAILED,
        };
        self.stats.alerts += u32::from(matches!(done, Done::Alerted { .. }));
        self.remark(remark);
        let quiet = !self.responses.busy() && self.queue.queued() == 0 && self.caller_since.is_none();
        if quiet && self.phase == Phase::Talking {
            self.ask(now, Purpose::Answer);
        }
    }
}
