//! How well emergencies are heard.

mod growing;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use domain::Language;
use domain::emergencies::{self, Judgement, Severity};
use serde::Deserialize;
use serde_json::json;

use crate::{Failure, console, root};

/// A line of a set: what was said, and what a careful nurse would say of it.
#[derive(Deserialize)]
pub(crate) struct Utterance {
    pub(crate) id: String,
    pub(crate) lang: Language,
    pub(crate) text: String,
    pub(crate) emergency: bool,
    pub(crate) severity: Option<Label>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Label {
    Critical,
    High,
    Medium,
}

impl Label {
    const fn name(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
        }
    }

    const fn of(severity: Severity) -> Self {
        match severity {
            Severity::Critical => Self::Critical,
            Severity::High => Self::High,
            Severity::Medium => Self::Medium,
        }
    }
}

/// Found of all.
#[derive(Clone, Copy, Default)]
pub(crate) struct Share {
    found: u32,
    all: u32,
}

impl Share {
    pub(crate) fn count(&mut self, found: bool) {
        self.all += 1;
        self.found += u32::from(found);
    }

    pub(crate) fn percent(self) -> String {
        if self.all == 0 {
            "-".to_owned()
        } else {
            format!("{:.1}", 100.0 * f64::from(self.found) / f64::from(self.all))
        }
    }
}

#[derive(Default)]
struct Tally {
    recall: Share,
    by_severity: BTreeMap<Label, Share>,
    false_positives: Share,
    /// The layers alone: found of the emergencies, and of the harmless ones.
    rules: (Share, Share),
    learned: (Share, Share),
}

impl Tally {
    fn count(&mut self, utterance: &Utterance, judgement: &Judgement) {
        let (found, rules, learned) = (judgement.score > 0.0, judgement.heard.is_emergency(), judgement.learned > 0.0);
        if !utterance.emergency {
            self.rules.1.count(rules);
            self.learned.1.count(learned);
            return self.false_positives.count(found);
        }
        self.rules.0.count(rules);
        self.learned.0.count(learned);
        self.recall.count(found);
        if let Some(severity) = utterance.severity {
            self.by_severity.entry(severity).or_default().count(found);
        }
    }

    fn row(&self, name: &str) -> String {
        let of = |label| self.by_severity.get(&label).copied().unwrap_or_default().percent();
        format!(
            "{name:<8} {:>7} {:>9} {:>7} {:>7} {:>7} | {:>6} {:>6} | {:>6} {:>6} | {:>6} {:>6}",
            self.recall.percent(),
            of(Label::Critical),
            of(Label::High),
            of(Label::Medium),
            self.false_positives.percent(),
            self.rules.0.percent(),
            self.rules.1.percent(),
            self.learned.0.percent(),
            self.learned.1.percent(),
            self.recall.all,
            self.false_positives.all
        )
    }
}

/// Judges every utterance of a set and prints how many emergencies were found and how many harmless ones were taken for
/// one, in percent, by language and severity; with `json` one line for each utterance instead. Without a
/// file the set of the repository that nothing was made from (`shared/domain/emergencies/held-out`). With `growing` as [`growing::growing`].
pub(crate) fn emergencies(file: Option<&Path>, json: bool, growing: bool) -> Result<(), Failure> {
    let set = read(file)?;
    if growing {
        growing::growing(&set);
        return Ok(());
    }
    let (mut all, mut languages) = (Tally::default(), BTreeMap::<&str, Tally>::new());
    for utterance in &set {
        let judgement = emergencies::judge(&utterance.text, utterance.lang);
        if json {
            let finding = judgement.finding();
            let severity = finding.as_ref().map(|finding| Label::of(finding.severity).name());
            let cues = finding.map_or_else(Vec::new, |finding| finding.cues);
            let verdict = json!({
                "id": utterance.id, "lang": utterance.lang.code(), "emergency": severity.is_some(), "severity": severity,
                "score": judgement.score, "cues": cues, "doubtful": judgement.is_doubtful(),
            });
            console::say(&verdict.to_string());
        }
        all.count(utterance, &judgement);
        languages.entry(utterance.lang.code()).or_default().count(utterance, &judgement);
    }
    if !json {
        console::say(
            "language  recall  CRITICAL    HIGH  MEDIUM   false | rules: false | learned: false |   true  false",
        );
        console::say(
            "               %         %       %       %       % |      %      % |      %      % |      n      n",
        );
        for (language, tally) in &languages {
            console::say(&tally.row(language));
        }
        console::say(&all.row("all"));
    }
    Ok(())
}

/// The utterances of a file, or of a folder with a file for each language; of the held-out set when there is none.
pub(crate) fn read(file: Option<&Path>) -> Result<Vec<Utterance>, Failure> {
    let file = file.map_or_else(|| root().join("shared/domain/emergencies/held-out"), Path::to_owned);
    let each = || Language::ALL.iter().map(|language| file.join(format!("{}.jsonl", language.code()))).collect();
    let files: Vec<PathBuf> = if file.is_dir() { each() } else { vec![file.clone()] };
    let mut set = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let read = serde_json::from_str(line);
            set.push(read.map_err(|error| format!("line {} of {} is none: {error}", at + 1, file.display()))?);
        }
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use domain::emergencies::Heard;

    use super::*;

    #[test]
    fn the_repositorys_own_set_can_be_read_and_has_every_language() {
        let set = read(None).unwrap();
        for language in Language::ALL {
            let (mut own, mut share) = (0, Share::default());
            for utterance in set.iter().filter(|utterance| utterance.lang == language) {
                own += 1;
                share.count(utterance.emergency);
                assert_eq!(utterance.emergency, utterance.severity.is_some(), "{}", utterance.id);
                assert!(utterance.id.starts_with(language.code()), "{}", utterance.id);
            }
            assert!(own >= 125 && share.found >= 50, "{language}: {own}");
        }
    }

    /// How a set is judged, all of it and each language.
    fn judged(set: Vec<Utterance>) -> (Tally, BTreeMap<&'static str, Tally>) {
        let (mut all, mut languages) = (Tally::default(), BTreeMap::<&str, Tally>::new());
        for utterance in set {
            let judgement = emergencies::judge(&utterance.text, utterance.lang);
            all.count(&utterance, &judgement);
            languages.entry(utterance.lang.code()).or_default().count(&utterance, &judgement);
        }
        (all, languages)
    }

    fn share(of: Share) -> f64 {
        f64::from(of.found) / f64::from(of.all)
    }

    fn folder(name: &str) -> Vec<Utterance> {
        read(Some(&root().join("shared/domain/emergencies").join(name))).unwrap()
    }

    /// What this project promises (docs/bridge.md). Who changes rules or weights sees here what it costs.
    #[test]
    fn emergencies_are_heard_as_well_as_promised_and_harmless_talk_is_not_taken_for_one() {
        let (all, languages) = judged(read(None).unwrap());
        assert!(share(all.recall) >= 0.95, "{}", all.row("all"));
        assert!(share(all.by_severity[&Label::Critical]) >= 0.98, "{}", all.row("all"));
        assert!(share(all.false_positives) < 0.02, "{}", all.row("all"));
        for (language, own) in languages {
            assert!(share(own.recall) >= 0.90, "{}", own.row(language));
        }
    }

    /// Somebody speaks another language than their profile says, or the transcription took a wrong turn: that is no emergency.
    #[test]
    fn harmless_talk_in_another_script_is_no_emergency() {
        let script = |language| match language {
            Language::Ru => 1,
            Language::Ar => 2,
            Language::Hi => 3,
            Language::Zh | Language::Ja => 4,
            Language::Ko => 5,
            _ => 0,
        };
        let harmless: Vec<_> = [folder("held-out"), folder("replies")].into_iter().flatten().collect();
        for of in Language::ALL {
            for spoken in Language::ALL.into_iter().filter(|spoken| script(*spoken) != script(of)) {
                let mut share = Share::default();
                for Utterance { text, .. } in harmless.iter().filter(|said| said.lang == spoken && !said.emergency) {
                    share.count(emergencies::judge(text, of).score > 0.0);
                }
                let percent = share.percent();
                assert!(f64::from(share.found) < 0.02 * f64::from(share.all), "{spoken} to {of}: {percent} %");
            }
        }
    }

    /// A set whose writers knew nothing but what the detector is for, half of the harmless ones hard. CRITICAL (97.7 %) is not quite
    /// where it should be; this holds it where it is.
    #[test]
    fn what_strangers_wrote_is_heard_nearly_as_well() {
        let (all, languages) = judged(folder("blind"));
        assert!(share(all.recall) >= 0.95, "{}", all.row("all"));
        assert!(share(all.by_severity[&Label::Critical]) >= 0.97, "{}", all.row("all"));
        assert!(share(all.false_positives) < 0.02, "{}", all.row("all"));
        for (language, own) in languages {
            assert!(share(own.recall) >= 0.90, "{}", own.row(language));
        }
    }

    #[test]
    fn nothing_that_is_measured_was_learned() {
        let key = |utterance: &Utterance| {
            let letters =
                utterance.text.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
            (utterance.lang.code(), letters)
        };
        let learned: HashSet<_> = folder("training").iter().map(key).collect();
        for name in ["held-out", "hard", "replies", "blind"] {
            let both: Vec<_> = folder(name)
                .into_iter()
                .filter(|utterance| learned.contains(&key(utterance)))
                .map(|one| one.id)
                .collect();
            assert!(both.is_empty(), "{name}: {both:?}");
        }
    }

    /// Most of what patients say to a caller is as short as this.
    #[test]
    fn everyday_replies_are_no_emergency() {
        let mut all = Tally::default();
        for utterance in folder("replies") {
            assert!(!utterance.emergency, "{}", utterance.id);
            all.count(&utterance, &emergencies::judge(&utterance.text, utterance.lang));
        }
        assert!(
            all.false_positives.all >= 350 && all.false_positives.found * 100 < all.false_positives.all,
            "{}",
            all.row("all")
        );
    }

    #[test]
    fn found_and_falsely_found_are_counted_apart() {
        let line = |emergency, severity| Utterance {
            id: "1".to_owned(),
            lang: Language::En,
            text: String::new(),
            emergency,
            severity,
        };
        let judged = |score, learned| Judgement {
            heard: Heard::default(),
            learned,
            critical: 0.0,
            words: 1.0,
            score,
            phrases: Vec::new(),
            left_out: 0,
            of_other: false,
        };
        let mut tally = Tally::default();
        tally.count(&line(true, Some(Label::Critical)), &judged(0.1, -0.1));
        tally.count(&line(true, Some(Label::High)), &judged(0.0, 0.1));
        tally.count(&line(false, None), &judged(0.1, -0.1));
        tally.count(&line(false, None), &judged(-0.1, -0.1));
        tally.count(&line(false, None), &judged(-0.1, -0.1));
        let row = tally.row("en");
        let row: Vec<_> = row.split_whitespace().filter(|word| *word != "|").collect();
        assert_eq!(row, ["en", "50.0", "100.0", "0.0", "-", "33.3", "0.0", "0.0", "50.0", "0.0", "2", "3"]);
    }
}
