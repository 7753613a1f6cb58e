//! People who speak slowly: recorded speech with pauses inside its turns, through the detector of the simulated server
//! and the whole core. How many turns are cut off, and how long is everybody kept waiting?
//!
//! The speech is the simulator's, of twelve languages; the pauses are drawn, log-normal as those of patients are (Rosen,
//! Kent and Duffy 2003; Angelopoulou et al. 2018), from fairly to very slow.

use std::time::Duration;

use crate::common::*;
use bridge::audio::frame::{Codec, FRAME_BYTES, FRAME_TIME};
use bridge::audio::g711;
use bridge::realtime::command::Command;
use bridge::session::{Plan, TurnProfile};
use domain::Language;
use openai_sim::speech;
use openai_sim::vad::{Detector, Edge, Sensitivity};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use test_case::test_case;

/// Median of a speaker's pauses in ms, and the spread of their logarithms.
const SPEAKERS: [(f64, f64); 8] = [
    (350.0, 0.35),
    (350.0, 0.45),
    (450.0, 0.35),
    (450.0, 0.45),
    (550.0, 0.35),
    (550.0, 0.45),
    (650.0, 0.35),
    (650.0, 0.45),
];

/// Turns of each speaker: a quarter of an hour and more.
const TURNS: usize = 100;

/// Pauses in a turn, one as likely as the other.
const PAUSES: [usize; 6] = [0, 1, 1, 2, 2, 3];

/// How a speaker pauses.
struct Pauses {
    random: StdRng,
    median: f64,
    spread: f64,
}

impl Pauses {
    fn one(&mut self) -> f64 {
        // Box and Muller.
        let (a, b): (f64, f64) = (self.random.random_range(f64::EPSILON..1.0), self.random.random());
        let normal = (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos();
        self.median * (self.spread * normal).exp()
    }

    fn of_a_turn(&mut self) -> Vec<f64> {
        let count = PAUSES[self.random.random_range(0..PAUSES.len())];
        (0..count).map(|_| self.one()).collect()
    }

    /// The shortest silence that cuts off two turns of a hundred.
    fn best(&mut self) -> f64 {
        let mut longest: Vec<f64> = (0..5000).map(|_| self.of_a_turn().into_iter().fold(0.0, f64::max)).collect();
        longest.sort_by(f64::total_cmp);
        longest[4900]
    }
}

/// A call, its server's ear, and what is counted.
struct Talk {
    call: SimCall,
    ear: Detector,
    silence: u64,
    turn: usize,
    stopped: Duration,
}

impl Talk {
    /// The silence that the server was told just now.
    fn told(&self) -> Option<u64> {
        self.call.commands().rev().find_map(|command| match command {
            Command::TurnUpdate { session } => {
                let told = serde_json::to_value(session).unwrap();
                told["audio"]["input"]["turn_detection"]["silence_duration_ms"].as_u64()
            }
            _ => None,
        })
    }

    fn hear(&mut self, frame: &[u8]) {
        self.call.sound(frame);
        self.silence = self.told().unwrap_or(self.silence);
        self.call.forget_sent();
        let sensitivity = Sensitivity { threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: self.silence };
        let samples: Vec<i16> = frame.iter().map(|byte| g711::decode(Codec::Ulaw, *byte)).collect();
        for edge in self.ear.hear(&samples, sensitivity) {
            let item = format!("u{}", self.turn);
            match edge {
                Edge::Started { audio_start_ms } => self.call.speech_starts(&item, audio_start_ms),
                Edge::Stopped { .. } => {
                    self.call.speech_stops(&item);
                    self.call.transcribed(&item, "Well, yes.");
                    self.turn += 1;
                    self.stopped = self.call.now - self.call.start;
                }
            }
        }
        self.call.run_for(FRAME_TIME);
    }

    fn quiet(&mut self, ms: f64) {
        let noise = [0xFE; FRAME_BYTES];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pauses are short and positive")]
        for _ in 0..(ms / 20.0).round() as u64 {
            self.hear(&noise);
        }
    }

    /// One turn; answers how long after its end the server noticed, in ms, and whether it was cut off.
    fn turn(&mut self, phrases: &[&[u8]], pauses: &[f64]) -> (f64, bool) {
        let first = self.turn;
        for (n, phrase) in phrases.iter().enumerate() {
            phrase.chunks_exact(FRAME_BYTES).for_each(|frame| self.hear(frame));
            if let Some(pause) = pauses.get(n) {
                self.quiet(*pause);
            }
        }
        let (end, over) = (self.call.now - self.call.start, self.turn);
        while self.turn == over {
            self.quiet(20.0);
        }
        let waited = self.stopped.saturating_sub(end).as_secs_f64() * 1000.0;
        self.quiet(300.0);
        self.call.model_says(&format!("a{}", self.turn), "I see. And then?", 800);
        self.quiet(3500.0);
        (waited, over > first)
    }
}

/// A phrase without quiet at its ends.
fn phrase(sound: &'static [u8]) -> &'static [u8] {
    let loud = |frame: &[u8]| g711::level_dbfs(Codec::Ulaw, frame) > -40.0;
    let frames: Vec<&[u8]> = sound.chunks_exact(FRAME_BYTES).collect();
    let first = frames.iter().position(|frame| loud(frame)).unwrap();
    let last = frames.iter().rposition(|frame| loud(frame)).unwrap();
    &sound[first * FRAME_BYTES..(last + 1) * FRAME_BYTES]
}

#[test_case(700; "as it is for everybody")]
#[test_case(1200; "known to be slow")]
fn slow_speech_is_not_cut_off_and_nobody_waits_long(silence_duration_ms: u32) {
    let (mut cut, mut turns, mut added) = (0, 0, Vec::new());
    for (n, (median, spread)) in SPEAKERS.into_iter().enumerate() {
        let mut pauses = Pauses { random: StdRng::seed_from_u64(n as u64), median, spread };
        let best = pauses.best();
        let language = Language::ALL[n];
        let phrases: Vec<&[u8]> = speech::patient(language.code()).iter().map(|line| phrase(line.audio)).collect();
        let turn_profile = TurnProfile { silence_duration_ms, ..TurnProfile::default() };
        let mut call =
            SimCall::answered_with(Plan { turns: turn_profile, max_call: Duration::from_hours(10), ..plan() });
        call.microphone = None;
        let silence = silence_duration_ms.into();
        let mut talk = Talk { call, ear: Detector::at(0), silence, turn: 0, stopped: Duration::ZERO };
        talk.quiet(500.0);
        let mut waits = Vec::new();
        let mut cuts = 0;
        for turn in 0..TURNS {
            let drawn = pauses.of_a_turn();
            let said: Vec<&[u8]> = (0..=drawn.len()).map(|part| phrases[(turn + part) % phrases.len()]).collect();
            let (waited, was_cut) = talk.turn(&said, &drawn);
            waits.push(waited - best);
            cuts += u32::from(was_cut);
        }
        cut += cuts;
        turns += u32::try_from(TURNS).unwrap();
        added.extend(waits);
    }
    added.sort_by(f64::total_cmp);
    let (rate, wait) = (f64::from(cut) / f64::from(turns), added[added.len() / 2]);
    println!(
        "{silence_duration_ms} ms at first: {:.1} % of {turns} turns cut, median wait {wait:+.0} ms over the best",
        rate * 100.0
    );
    assert!(rate <= 0.02, "{rate}");
    assert!(wait <= 250.0, "{wait}");
}
