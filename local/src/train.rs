//! How the learned layer of the detector of emergencies is made.

mod models;
mod svm;

use std::collections::BTreeMap;
use std::fs;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::Language;
use domain::emergencies::{self, Heard, Judgement, Model, Pieces, Severity};

use crate::evaluate::{Label, Share, Utterance, read};
use crate::{Failure, console, root};
use models::{Lesson, models};
use svm::{Example, divide};

/// Parts into which the examples are divided: each is judged by what was learned from the others.
const FOLDS: usize = 5;
/// How closely the examples are fitted, by the models of pieces and by the line over both layers.
const COST: f64 = 3.0;
const COST_TOGETHER: f64 = 0.5;
/// Rounds through the examples, after which the weights hardly move: few examples share a piece, and nearly all share a sign.
const ROUNDS: usize = 20;
const ROUNDS_TOGETHER: usize = 100;
/// How much more a mistake costs when life is in danger.
const CRITICAL: f64 = 2.0;
/// False alarms that are borne, of the harmless utterances that examiners wrote (`-e` in their ids): the ones most like what a set of
/// somebody else's would hold.
const FALSE: f64 = 0.03;
/// The utterances beside which the rules were written: of them the rules know too much for the weight of rules to be learned.
const KNOWN_TO_RULES: &str = "-a";
const EXAMINERS: &str = "-e";
/// The letters of all rounds, which stand in the ids.
const ROUNDS_OF_WRITERS: std::ops::RangeInclusive<char> = 'a'..='q';

/// An utterance as the layers see it.
struct Row {
    utterance: Utterance,
    pieces: Pieces,
    heard: Heard,
    words: f32,
    /// The learned layer's margin, of models that did not see the row.
    margin: f32,
    /// Both together, of a line that did not see it.
    score: f64,
    critical: f32,
    signs: Vec<(u32, f32)>,
}

/// Learns from `shared/domain/emergencies/training`, writes the weights and prints how well what was learned from four fifths judges
/// the last. With `check` writes nothing and fails when the weights of the repository are not what comes out.
pub(crate) fn emergencies(check: bool) -> Result<(), Failure> {
    let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    let mut rows = Vec::new();
    let weights = root().join("shared/domain/src/emergencies/weights");
    for learned in each(&Language::ALL, learn) {
        let (language, mut own, bytes) = learned?;
        files.push((weights.join(format!("{}.bin", language.code())), bytes));
        rows.append(&mut own);
    }
    files.push((weights.join("together.txt"), together(&mut rows).into_bytes()));
    report(&rows);
    for (file, bytes) in files {
        if !check {
            fs::write(&file, bytes)?;
        } else if fs::read(&file)? != bytes {
            return Err(format!("{} is not what `train emergencies` makes", file.display()).into());
        }
    }
    Ok(())
}

/// The models of a language, as bytes, and its examples, each with the margins of models that did not see it.
fn learn(language: Language) -> Result<(Language, Vec<Row>, Vec<u8>), Failure> {
    let mut rows = examples(language)?;
    for fold in 0..FOLDS {
        let others: Vec<_> = apart(&rows, |at| at % FOLDS != fold).into_iter().map(lesson).collect();
        let bytes = models(&others, ROUNDS);
        let model = Model::read(&bytes).ok_or("a model cannot be read")?;
        for row in rows.iter_mut().skip(fold).step_by(FOLDS) {
            [row.margin, row.critical] = model.margins(&row.pieces);
        }
    }
    let all: Vec<_> = rows.iter().map(lesson).collect();
    let bytes = models(&all, ROUNDS);
    console::say(&format!("{language}: learned"));
    Ok((language, rows, bytes))
}

/// The work for each, on as many threads as there are processors, in the order in which they were given.
fn each<T: Copy + Sync, R: Send>(all: &[T], work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let next = AtomicUsize::new(0);
    let take = || {
        let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        numbers.map_while(|at| Some((at, work(*all.get(at)?)))).collect::<Vec<_>>()
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(take)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

fn examples(language: Language) -> Result<Vec<Row>, Failure> {
    let file = root().join(format!("shared/domain/emergencies/training/{}.jsonl", language.code()));
    let row = |utterance: Utterance| {
        let pieces = emergencies::pieces(&utterance.text, language);
        let Judgement { heard, words, .. } = emergencies::judge_whole(&utterance.text, language);
        Row { utterance, pieces, heard, words, margin: 0.0, score: 0.0, critical: 0.0, signs: Vec::new() }
    };
    Ok(read(Some(&file))?.into_iter().map(row).collect())
}

fn apart(rows: &[Row], is_meant: impl Fn(usize) -> bool) -> Vec<&Row> {
    rows.iter().enumerate().filter(|(at, _)| is_meant(*at)).map(|(_, row)| row).collect()
}

fn lesson(row: &Row) -> Lesson<'_> {
    Lesson {
        pieces: &row.pieces,
        is_emergency: row.utterance.emergency,
        is_critical: row.utterance.severity == Some(Label::Critical),
        cost: COST * weight(row),
    }
}

/// What a mistake about this row weighs: a life more than a night's sleep.
fn weight(row: &Row) -> f64 {
    if row.utterance.severity == Some(Label::Critical) { CRITICAL } else { 1.0 }
}

/// The weights of both layers together, as text; every row gets its score of a line that did not see it.
fn together(rows: &mut [Row]) -> String {
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    for row in rows.iter_mut() {
        for (name, value) in emergencies::signs(&row.heard, row.margin, row.words, row.utterance.lang) {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            row.signs.push((*numbers.entry(name).or_insert(next), value));
        }
    }
    let line = |rows: &[Row], is_meant: &dyn Fn(usize) -> bool| {
        let seen = apart(rows, |at| is_meant(at) && !is_of(&rows[at], KNOWN_TO_RULES));
        let examples: Vec<_> = seen
            .iter()
            .map(|row| Example {
                features: &row.signs,
                is_so: row.utterance.emergency,
                cost: COST_TOGETHER * weight(row),
            })
            .collect();
        divide(&examples, numbers.len(), ROUNDS_TOGETHER)
    };
    for fold in 0..FOLDS {
        let learned = line(rows, &|at| at % FOLDS != fold);
        for row in rows.iter_mut().skip(fold).step_by(FOLDS) {
            row.score = learned.margin(&row.signs) - f64::from(emergencies::reserve(&row.heard, row.words));
        }
    }
    let mut harmless: Vec<f64> =
        rows.iter().filter(|row| is_of(row, EXAMINERS) && !row.utterance.emergency).map(|row| row.score).collect();
    harmless.sort_unstable_by(|one, other| other.total_cmp(one));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of some thousands"
    )]
    let bar = harmless.get((harmless.len() as f64 * FALSE) as usize).copied().unwrap_or(0.0);
    for row in rows.iter_mut() {
        row.score -= bar;
    }
    let all = line(rows, &|_| true);
    let mut text = String::new();
    #[expect(clippy::cast_possible_truncation, reason = "weights are read as f32")]
    let mut write = |name: &str, weight: f64| text.push_str(&format!("{name} {}\n", weight as f32));
    write("bias", all.bias - bar);
    for (name, number) in &numbers {
        write(name, all.weights[*number as usize]);
    }
    text
}

fn is_of(row: &Row, round: &str) -> bool {
    row.utterance.id.get(2..).is_some_and(|rest| rest.starts_with(round))
}

/// What was learned from four fifths, on the last: of all, and of the examiners.
fn report(rows: &[Row]) {
    type Judge = fn(&Row) -> bool;
    let layers: [(&str, Judge); 3] = [
        ("rules", |row| row.heard.is_emergency()),
        ("learned", |row| row.margin > 0.0),
        ("together", |row| row.score > 0.0),
    ];
    for round in std::iter::once(String::new()).chain(ROUNDS_OF_WRITERS.map(|letter| format!("-{letter}"))) {
        let name = if round.is_empty() { "all" } else { &round[1..] };
        for (layer, is_found) in layers {
            let (mut recall, mut critical, mut false_alarms) = (Share::default(), Share::default(), Share::default());
            for row in rows.iter().filter(|row| is_of(row, &round)) {
                if !row.utterance.emergency {
                    false_alarms.count(is_found(row));
                    continue;
                }
                recall.count(is_found(row));
                if row.utterance.severity == Some(Label::Critical) {
                    critical.count(is_found(row));
                }
            }
            let (recall, critical, false_alarms) = (recall.percent(), critical.percent(), false_alarms.percent());
            console::say(&format!(
                "{name:<10} {layer:<9} recall {recall:>5}  CRITICAL {critical:>5}  false {false_alarms:>5}"
            ));
        }
    }
    let mut grave = Share::default();
    for row in rows.iter().filter(|row| row.utterance.severity == Some(Label::Critical)) {
        let learned = if row.critical > 0.0 { Severity::Critical } else { Severity::High };
        grave.count(row.heard.severity().unwrap_or(learned) == Severity::Critical);
    }
    console::say(&format!("of CRITICAL ones {} % are called so", grave.percent()));
}
