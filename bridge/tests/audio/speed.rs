//! What listening costs: every frame of a call passes through all of these. In optimised code:
//! `cargo test -p bridge --test audio --config 'profile.dev.package.bridge.opt-level=3' speed -- --nocapture`

use std::time::{Duration, Instant};

use bridge::audio::answer::Answer;
use bridge::audio::drift::Drift;
use bridge::audio::echo::Echo;
use bridge::audio::frame::{Codec, FRAME_BYTES};
use bridge::audio::resample::{ToModel, ToTelephone};
use bridge::audio::tone::is_dtmf;
use bridge::audio::voice::Voice;
use openai_sim::{script, speech};

use crate::synth::{self, Dice, Noise};

const CODEC: Codec = Codec::Ulaw;
/// One minute.
const FRAMES: usize = 3000;

/// The time of a frame when all of them go through `step`; the best of three, since other things run too.
fn each(what: &str, frames: &[&[u8]], mut step: impl FnMut(&[u8])) -> Duration {
    let once = |step: &mut dyn FnMut(&[u8])| {
        let began = Instant::now();
        for frame in frames {
            step(frame);
        }
        began.elapsed()
    };
    let best = (0..3).map(|_| once(&mut step)).min().unwrap() / u32::try_from(frames.len()).unwrap();
    println!("{what:<40} {best:?} a frame");
    best
}

#[test]
fn listening_to_a_frame_takes_microseconds() {
    let mut dice = Dice::new(1);
    let lines = script::LANGUAGES.iter().flat_map(|language| speech::patient(language));
    let mut sound: Vec<f32> = lines.flat_map(|line| synth::decode(CODEC, line.audio)).collect();
    sound.resize(FRAMES * FRAME_BYTES, 0.0);
    let noise = Noise::Pink.make(&mut dice, sound.len(), -50.0);
    synth::add(&mut sound, 0, &noise);
    let bytes = synth::encode(CODEC, &sound);
    let frames: Vec<&[u8]> = bytes.chunks_exact(FRAME_BYTES).collect();

    let (mut voice, mut echo, mut answer, mut drift) =
        (Voice::new(CODEC), Echo::new(CODEC), Answer::new(CODEC), Drift::new());
    let start = Instant::now();
    let mut n = 0;
    let mut all = each("voice", &frames, |frame| {
        voice.push(frame);
    });
    all += each("echo, both directions", &frames, |frame| {
        echo.played(frame);
        echo.heard(frame);
    });
    all += each("keypad tones", &frames, |frame| {
        std::hint::black_box(is_dtmf(CODEC, frame));
    });
    all += each("drift", &frames, |_| {
        n += 1;
        drift.push(start + Duration::from_millis(20) * n, n * 160);
    });
    println!("{:<40} {all:?} a frame", "all that every call needs");
    // Unoptimised code is only held to being far from 20 ms.
    assert!(all < if cfg!(debug_assertions) { Duration::from_millis(2) } else { Duration::from_micros(20) });

    each("answer, until a person is known", &frames, |frame| {
        answer.push(frame);
    });
    let (mut model, mut telephone) = (ToModel::new(CODEC), ToTelephone::new(CODEC));
    each("24 kHz and back, the fallback", &frames, |frame| {
        std::hint::black_box(telephone.push(&model.push(frame)));
    });
}
