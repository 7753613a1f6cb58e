//! The watch for emergencies: everything the caller says is looked at as soon as it is written down,
//! whole or in part. The alert is asked for first; the model is told only what came of it.

use std::time::{Duration, Instant};

use domain::PhraseId;
use domain::alerts::{AlertKind, key_of_emergency};
use domain::emergencies::{Finding, JUDGED_AGAIN, REPEATED_WITHIN, Severity, Told};

use super::Session;
use super::directions;
use super::responses::Purpose;
use super::state::Phase;
use super::task::{Done, Work};
use super::tools::Why;

/// Items whose words wait until it is known that a person speaks.
const HELD_BACK: usize = 16;

/// How long an answer waits for the alert of the emergency before it: usually some 50 ms. Whoever is in danger must not
/// listen to silence because a mail takes its time.
const WRITTEN_WITHIN: Duration = Duration::from_secs(1);

/// What was found so far.
#[derive(Debug, Default)]
pub struct Watch {
    /// The gravest finding in each item that had one.
    found: Vec<Found>,
    /// What somebody was told of in this call: recorded only when their message was accepted.
    told: Vec<(Instant, Emergency)>,
    /// Items that came before it was known whether a machine had answered: its announcement may well
    /// speak of emergencies.
    held_back: Vec<String>,
    /// Items that only called for somebody while a machine was thought to speak.
    cries: Vec<String>,
    /// When the last alert was asked for, while nothing came of one yet.
    asked: Option<Instant>,
}

/// An emergency that an alert was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Emergency {
    item: String,
    severity: Severity,
    cues: Vec<&'static str>,
    phrases: Vec<PhraseId>,
    of_other: bool,
}

#[derive(Debug)]
struct Found {
    item: String,
    /// Of the gravest alert; none while nobody could be told.
    severity: Option<Severity>,
    dangers: Vec<&'static str>,
    alerts: u32,
}

impl Watch {
    /// Whether an alert was asked for and may be written any moment.
    pub(super) fn is_being_written(&self, now: Instant) -> bool {
        self.asked.is_some_and(|asked| now.duration_since(asked) < WRITTEN_WITHIN)
    }

    /// Whether this says no more than what somebody was told of just now.
    fn is_told(&self, now: Instant, finding: &Finding) -> bool {
        self.told.iter().any(|(at, Emergency { severity, cues, phrases, of_other, .. })| {
            let told = Told { severity: *severity, cues, phrases, of_other: *of_other };
            now.duration_since(*at) < REPEATED_WITHIN && finding.repeats(&told)
        })
    }

    /// Nobody could be told: what is said next of it is told of again.
    fn undo(&mut self, emergency: &Emergency) {
        if let Some(found) = self.found.iter_mut().find(|found| found.item == emergency.item) {
            found.dangers.clear();
            found.severity = None;
        }
    }

    /// The number of the alert that this is in its item; nothing when the item was alerted of as much already.
    fn count(&mut self, item: &str, finding: &Finding) -> Option<u32> {
        let dangers = finding.dangers();
        let Some(known) = self.found.iter_mut().find(|found| found.item == item) else {
            self.found.push(Found { item: item.to_owned(), severity: Some(finding.severity), dangers, alerts: 1 });
            return Some(1);
        };
        let another = dangers.iter().any(|danger| !known.dangers.contains(danger));
        if Some(finding.severity) <= known.severity && !another {
            return None;
        }
        known.severity = known.severity.max(Some(finding.severity));
        known.dangers.extend(dangers);
        known.alerts += 1;
        Some(known.alerts)
    }
}

impl Session {
    /// Looks at what an item of the caller says by now.
    pub(super) fn watch(&mut self, now: Instant, item: &str) {
        if self.phase == Phase::Ended {
            return;
        }
        if !self.answering.decided && !self.is_with_machine() {
            if !self.watch.held_back.iter().any(|held| held == item) && self.watch.held_back.len() < HELD_BACK {
                self.watch.held_back.push(item.to_owned());
            }
            return;
        }
        let Some((text, complete)) = self.transcript.text(item) else { return };
        let finding = if complete {
            let judgement = self.detector.judge(text);
            if judgement.left_out > 0 {
                let (call, left_out) = (&self.plan.call_id, judgement.left_out);
                tracing::warn!(call, left_out, "there was no time to look for all phrases of the organisation");
            }
            let finding = judgement.finding();
            if finding.is_none() && judgement.is_doubtful() {
                self.ask_opinion(item, judgement.found());
            }
            finding
        } else {
            self.detector.assess_partial(text)
        };
        if let Some(finding) = finding {
            self.on_emergency(now, item, finding);
        }
    }

    /// Asks for an alert, unless it says no more than one before.
    pub(super) fn on_emergency(&mut self, now: Instant, item: &str, finding: Finding) {
        if self.is_with_machine() {
            let cries = &mut self.watch.cries;
            if !cries.iter().any(|known| known == item) && cries.len() < HELD_BACK {
                cries.push(item.to_owned());
            }
            // An announcement may say once whom to call in an emergency.
            if finding.only_calls() && cries.len() < 2 {
                return;
            }
            // Nobody's machine has chest pain, or goes on crying for help.
            self.on_person_after_all(now);
        }
        // Nobody who is in danger is said goodbye to, also when somebody was told of it before.
        self.call_off_farewell();
        if self.watch.is_told(now, &finding) {
            return;
        }
        let Some(number) = self.watch.count(item, &finding) else { return };
        let Finding { severity, cues, phrases, of_other, .. } = finding;
        self.stats.emergencies += 1;
        self.watch.asked = Some(now);
        let work = Work::Alert {
            kind: AlertKind::Emergency,
            severity,
            key: key_of_emergency(item, number),
            cues: cues.iter().map(|cue| (*cue).to_owned()).collect(),
            phrases: phrases.clone(),
            words: self.transcript.text(item).map(|(text, _)| text.to_owned().into()),
        };
        self.run(work, Why::Emergency(Emergency { item: item.to_owned(), severity, cues, phrases, of_other }));
    }

    /// A person it is: what they said so far counts.
    pub(super) fn watch_held_back(&mut self, now: Instant) {
        for item in std::mem::take(&mut self.watch.held_back) {
            self.watch(now, &item);
        }
    }

    /// A new owner has the call: the patient's latest turns are looked at again. What was alerted of before has the same key,
    /// and is the same alert.
    pub(super) fn watch_again(&mut self, now: Instant) {
        for item in self.transcript.latest_of_caller(JUDGED_AGAIN) {
            self.watch(now, &item);
        }
    }

    /// No more will come of what the caller said: what there is counts as all.
    pub(super) fn watch_unfinished(&mut self, now: Instant) {
        let unfinished = self.transcript.unfinished();
        self.transcript.close_texts();
        for item in unfinished {
            self.watch(now, &item);
        }
    }

    /// The alert of an emergency was raised, or could not be.
    pub(super) fn on_emergency_told(&mut self, now: Instant, emergency: Emergency, done: &Done) {
        if !self.is_alert_pending() {
            self.watch.asked = None;
        }
        match done {
            Done::Alerted { informed: 0 } => {}
            Done::Alerted { .. } => self.watch.told.push((now, emergency)),
            _ => self.watch.undo(&emergency),
        }
        self.on_alert_done(now, done);
    }

    /// An alert was raised, or could not be. The model may speak of it from now on, not before.
    pub(super) fn on_alert_done(&mut self, now: Instant, done: &Done) {
        let remark = match done {
            Done::Alerted { informed } => directions::alerted(*informed),
            _ => directions::ALERT_FAILED,
        };
        self.stats.alerts += u32::from(matches!(done, Done::Alerted { .. }));
        self.remark(remark);
        let quiet = !self.responses.busy() && self.queue.queued() == 0;
        // That nobody was reached must be said, if not now then next: the patient may wait for help that does not come.
        let must = !matches!(done, Done::Alerted { informed } if *informed > 0);
        if (quiet || must) && self.caller_since.is_none() && self.phase == Phase::Talking {
            self.ask(now, Purpose::Answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::emergencies::{LEARNED, SECOND_OPINION};

    use super::*;

    fn finding(severity: Severity, cues: &[&'static str]) -> Finding {
        Finding { severity, cues: cues.to_vec(), score: 1.0, phrases: Vec::new(), of_other: false }
    }

    #[test]
    fn what_was_told_is_told_again_when_it_says_more_and_after_a_while() {
        let start = Instant::now();
        let told = Emergency {
            item: "item".to_owned(),
            severity: Severity::High,
            cues: vec!["medical.pain", "request.help", LEARNED],
            phrases: Vec::new(),
            of_other: false,
        };
        let watch = Watch { told: vec![(start, told)], ..Watch::default() };
        let is_told = |severity, cues: &[&'static str], after| {
            watch.is_told(start + Duration::from_secs(after), &finding(severity, cues))
        };
        assert!(is_told(Severity::High, &["medical.pain"], 299));
        assert!(is_told(Severity::Medium, &["medical.pain", "request.help"], 299));
        assert!(!is_told(Severity::High, &["medical.pain"], 300), "it still hurts after five minutes");
        assert!(!is_told(Severity::Critical, &["medical.pain"], 1), "worse");
        assert!(!is_told(Severity::High, &["medical.pain", "physical.fall"], 1), "something else");
        assert!(is_told(Severity::High, &["request.person"], 1), "they call for somebody once more");
        assert!(!is_told(Severity::High, &["request.ambulance"], 1), "nobody was told that they want an ambulance");
        assert!(!is_told(Severity::High, &[LEARNED], 1), "nobody knows whether it is the same");
        assert!(!is_told(Severity::High, &[SECOND_OPINION], 1), "nor here");
        let phrase = Finding {
            phrases: vec![PhraseId(domain::Id::from_bytes([1; 12]))],
            ..finding(Severity::High, &["medical.pain"])
        };
        assert!(!watch.is_told(start, &phrase), "a phrase that was not said before");
        let of_other = Finding { of_other: true, ..finding(Severity::High, &["medical.pain"]) };
        assert!(!watch.is_told(start, &of_other), "somebody else");
    }

    #[test]
    fn a_sentence_is_one_emergency_unless_it_grows_worse_or_names_another_danger() {
        let mut watch = Watch::default();
        let mut count = |severity, cues: &[&'static str]| watch.count("item", &finding(severity, cues));
        assert_eq!(count(Severity::High, &["physical.fall"]), Some(1));
        assert_eq!(count(Severity::High, &["physical.fall", "medical.pain"]), None);
        assert_eq!(count(Severity::Critical, &["medical.bleeding"]), Some(2));
        assert_eq!(count(Severity::High, &["safety.fire"]), Some(3));
        assert_eq!(count(Severity::High, &["safety.fire", "request.help"]), None);
        assert_eq!(count(Severity::Critical, &["medical.bleeding", "medical.overdose"]), Some(4), "tablets as well");
    }

    #[test]
    fn what_nobody_could_be_told_of_is_told_when_more_is_said() {
        let mut watch = Watch::default();
        for (item, severity, cue) in
            [("fall", Severity::High, "physical.fall"), ("cry", Severity::Medium, "request.help")]
        {
            let found = finding(severity, &[cue]);
            assert_eq!(watch.count(item, &found), Some(1));
            assert_eq!(watch.count(item, &found), None);
            watch.undo(&Emergency {
                item: item.to_owned(),
                severity,
                cues: vec![cue],
                phrases: Vec::new(),
                of_other: false,
            });
            assert_eq!(watch.count(item, &found), Some(2), "{item}");
        }
    }
}
