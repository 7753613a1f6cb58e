//! Ability 21: people, machines and faxes told apart on some hundred made-up answers.
//!
//! Each answer is a spoken greeting of `greetings/` (four people and two machines in each of twelve
//! languages) in a line of its own: how long until somebody speaks, how loud, how noisy, whether the
//! receiver clatters, whether somebody says hello again, what beeps, all from a seed. Of a hundred people
//! eight say nothing, 78 a word or two, 14 give their name or ask who is there.

use std::time::Duration;

use bridge::audio::answer::{Answer, DECIDE_WITHIN, Verdict};
use bridge::audio::frame::{Codec, FRAME_BYTES};
use domain::Language;

use crate::synth::{self, Dice, Noise, Sound};

const CODEC: Codec = Codec::Alaw;

fn greeting(language: Language, kind: &str, number: usize) -> Sound {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audio/greetings");
    let path = format!("{folder}/{}-{kind}-{number}.ulaw", language.code());
    synth::decode(Codec::Ulaw, &std::fs::read(path).unwrap())
}

/// A line on which nobody has said anything yet, long enough for everything.
fn line(dice: &mut Dice, ms: usize) -> (Sound, f32) {
    let level = dice.between(-32.0, -16.0);
    let noise = Noise::ALL[dice.below(3)];
    let noise_db = level - dice.between(8.0, 35.0);
    (noise.make(dice, synth::samples(ms), noise_db), level)
}

fn place(line: &mut [f32], at_ms: usize, sound: Sound, level: f32) -> usize {
    let length = sound.len() / 8;
    synth::add(line, synth::samples(at_ms), &synth::at_level(sound, level));
    at_ms + length
}

/// What a person sounds like who picks up, and whether they say more than a word or two.
fn person(language: Language, dice: &mut Dice) -> (Sound, bool) {
    let (mut sound, level) = line(dice, 9000);
    let mut at = 150 + dice.below(850);
    if dice.unit() < 0.25 {
        place(&mut sound, dice.below(120), synth::slam(dice), level);
        at += 150;
    }
    if dice.unit() < 0.08 {
        return (sound, false);
    }
    let which = if dice.unit() < 0.85 { dice.below(2) } else { 2 + dice.below(2) };
    let end = place(&mut sound, at, greeting(language, "human", which), level);
    if dice.unit() < 0.4 {
        place(&mut sound, end + 900 + dice.below(900), greeting(language, "human", 0), level);
    }
    (sound, which > 1)
}

/// What a machine sounds like, and when its beep ends, in milliseconds.
fn machine(language: Language, dice: &mut Dice) -> (Sound, usize) {
    let (mut sound, level) = line(dice, 18_000);
    let end = place(&mut sound, 200 + dice.below(1200), greeting(language, "machine", dice.below(2)), level);
    let beep = synth::tones(&[dice.between(400.0, 1800.0)], 180 + dice.below(900), level);
    let began = end + 100 + dice.below(900);
    let length = beep.len() / 8;
    synth::add(&mut sound, synth::samples(began), &beep);
    (sound, began + length)
}

/// The verdict, after how many milliseconds it came, and when a message might begin.
fn judge(sound: &[f32]) -> (Option<Verdict>, usize, Option<usize>, Answer) {
    let mut answer = Answer::new(CODEC);
    let (mut verdict, mut decided, mut begin) = (None, 0, None);
    for (n, frame) in synth::encode(CODEC, sound).chunks_exact(FRAME_BYTES).enumerate() {
        let at = (n + 1) * 20;
        if let Some(given) = answer.push(frame) {
            assert!(verdict.is_none(), "a verdict is given once");
            (verdict, decided) = (Some(given), at);
        }
        if begin.is_none() && answer.message_may_begin() {
            begin = Some(at);
        }
    }
    (verdict, decided, begin, answer)
}

fn percentile(sorted: &[usize], percent: usize) -> usize {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

#[test]
fn people_are_known_within_two_and_a_half_seconds_and_are_no_machines() {
    const EACH: usize = 30;
    let mut dice = Dice::new(21);
    let (mut delays, mut longer, mut machines) = (Vec::new(), Vec::new(), 0);
    for language in Language::ALL {
        for _ in 0..EACH {
            let (sound, long) = person(language, &mut dice);
            let (verdict, decided, ..) = judge(&sound);
            machines += usize::from(verdict != Some(Verdict::Human));
            assert!(Duration::from_millis(decided as u64) <= DECIDE_WITHIN);
            delays.push(decided);
            longer.extend(long.then_some(decided));
        }
    }
    delays.sort_unstable();
    longer.sort_unstable();
    let (p50, p90, last) = (percentile(&delays, 50), percentile(&delays, 90), delays[delays.len() - 1]);
    println!(
        "{} people: {machines} taken for machines; decided after p50 {p50}, p90 {p90}, at most {last} ms; p90 of the {} who say more {} ms",
        delays.len(),
        longer.len(),
        percentile(&longer, 90)
    );
    assert!(machines * 100 <= delays.len());
    assert!(p90 <= 2500);
}

#[test]
fn machines_are_known_and_get_their_message_after_the_beep() {
    const EACH: usize = 15;
    let mut dice = Dice::new(22);
    let (mut delays, mut known, mut known_in_the_end, mut after_beep, mut made) = (Vec::new(), 0, 0, 0, 0);
    for language in Language::ALL {
        for _ in 0..EACH {
            let (sound, ended) = machine(language, &mut dice);
            let (verdict, decided, begin, answer) = judge(&sound);
            made += 1;
            known_in_the_end += usize::from(verdict == Some(Verdict::Machine) || answer.beeped());
            if verdict == Some(Verdict::Machine) {
                known += 1;
                delays.push(decided);
            }
            let begin = begin.unwrap_or(0);
            after_beep += usize::from((ended..ended + 100).contains(&begin));
        }
    }
    delays.sort_unstable();
    println!(
        "{made} machines: {known} known at once (p50 {} ms), {known_in_the_end} at the beep; message right after the beep {after_beep}",
        percentile(&delays, 50)
    );
    assert!(known * 100 >= made * 90, "{known}");
    assert!(known_in_the_end * 100 >= made * 98, "{known_in_the_end}");
    assert!(after_beep * 100 >= made * 95, "{after_beep}");
}

#[test]
fn a_machine_that_does_not_beep_gets_its_message_after_a_second_and_a_half_of_silence() {
    let mut dice = Dice::new(23);
    for language in Language::ALL {
        let (mut sound, _) = line(&mut dice, 15_000);
        let end = place(&mut sound, 500, greeting(language, "machine", 1), -20.0);
        let (verdict, _, begin, answer) = judge(&sound);
        assert_eq!((verdict, answer.beeped()), (Some(Verdict::Machine), false), "{language}");
        let after = begin.unwrap().saturating_sub(end);
        assert!((1400..=1700).contains(&after), "{language}: {after} ms after the greeting");
    }
}

#[test]
fn a_machine_that_was_taken_for_a_person_is_found_out_by_its_beep() {
    let mut dice = Dice::new(24);
    let (mut sound, level) = line(&mut dice, 12_000);
    let end = place(&mut sound, 300, greeting(Language::En, "human", 0), level);
    let end = place(&mut sound, end + 1200, greeting(Language::En, "machine", 1), level);
    synth::add(&mut sound, synth::samples(end + 300), &synth::tones(&[1000.0], 400, level));
    let (verdict, _, begin, answer) = judge(&sound);
    assert_eq!((verdict, answer.beeped()), (Some(Verdict::Human), true));
    assert!((end + 700..end + 800).contains(&begin.unwrap()));
}

#[test]
fn a_fax_is_a_fax_and_nobody_at_all_is_a_person() {
    let mut dice = Dice::new(25);
    for hertz in [1100.0, 2100.0] {
        let (mut sound, level) = line(&mut dice, 6000);
        let ms = if hertz < 2000.0 { 500 } else { 3000 };
        synth::add(&mut sound, synth::samples(800), &synth::tones(&[hertz], ms, level));
        assert_eq!(judge(&sound).0, Some(Verdict::Fax), "{hertz} Hz");
    }
    let (verdict, decided, begin, _) = judge(&vec![0.0; synth::samples(5000)]);
    assert_eq!((verdict, decided, begin), (Some(Verdict::Human), 2500, None));
}
