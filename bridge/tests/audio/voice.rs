//! Ability 6: what lasts less than 300 ms interrupts nobody, and whoever speaks is heard within 400 ms.

use std::time::Duration;

use bridge::audio::frame::{Codec, FRAME_BYTES};
use bridge::audio::voice::Voice;
use openai_sim::{script, speech};

use crate::synth::{self, Dice, Noise, Sound};

/// A burst this long is taken for an interruption.
const CONFIRM: Duration = Duration::from_millis(300);

/// Plays `clip` at -25 dBFS into a noise that has lasted three seconds. Answers after how many
/// milliseconds the burst was long enough, if ever, counted from where the clip is as loud as the noise.
fn confirmed_after(clip: &Sound, noise: Noise, snr: f32, codec: Codec, dice: &mut Dice) -> Option<usize> {
    let clip = synth::at_level(clip.clone(), -25.0);
    let lead = synth::samples(3000);
    let onset = clip.chunks(FRAME_BYTES).position(|frame| synth::level_db(frame) >= -25.0 - snr).unwrap_or(0) * 20;
    let mut sound = noise.make(dice, lead + clip.len() + synth::samples(600), -25.0 - snr);
    synth::add(&mut sound, lead, &clip);
    let bytes = synth::encode(codec, &sound);
    let mut voice = Voice::new(codec);
    for (n, frame) in bytes.chunks_exact(FRAME_BYTES).enumerate() {
        voice.push(frame);
        let at = (n + 1) * 20;
        if at == 3000 {
            voice.reset_span();
        }
        if at > 3000 && voice.is_speaking() && voice.span() >= CONFIRM {
            return Some((at - 3000).saturating_sub(onset));
        }
    }
    None
}

/// Stands for a delay without end, in milliseconds.
const NEVER: usize = 99_999;

type Maker = fn(&mut Dice) -> Sound;

/// What is no interruption, and how it is made.
const NOT_SPEECH: [(&str, Maker); 3] = [("cough", synth::cough), ("mm-hm", synth::mm_hm), ("slam", synth::slam)];

#[test]
fn a_cough_an_mm_hm_and_a_slammed_door_interrupt_nobody() {
    const MADE: usize = 60;
    for codec in [Codec::Ulaw, Codec::Alaw] {
        for snr in [-5.0_f32, 0.0, 5.0, 10.0, 15.0, 20.0] {
            let mut dice = Dice::new(snr.to_bits().into());
            for (name, make) in NOT_SPEECH {
                let taken = (0..MADE)
                    .filter(|n| {
                        let clip = make(&mut dice);
                        confirmed_after(&clip, Noise::ALL[n % 3], snr, codec, &mut dice).is_some()
                    })
                    .count();
                println!("{codec:?} {snr:>3} dB: {taken} of {MADE} {name}s taken for speech");
                assert!(taken * 20 <= MADE, "more than 5 % of {name}s at {snr} dB ({codec:?})");
            }
        }
    }
}

#[test]
fn speech_in_twelve_languages_is_noticed_within_400_ms_at_15_db_and_over() {
    // How many percent at least within 400 ms, and the longest median.
    let bars = [(-5.0_f32, 30, 900), (0.0, 70, 400), (5.0, 85, 360), (10.0, 92, 360), (15.0, 95, 320), (20.0, 99, 320)];
    for codec in [Codec::Ulaw, Codec::Alaw] {
        for (snr, percent, median) in bars {
            let mut dice = Dice::new(snr.to_bits().into());
            let mut delays: Vec<usize> = script::LANGUAGES
                .iter()
                .flat_map(|language| speech::patient(language))
                .map(|line| synth::decode(Codec::Ulaw, line.audio))
                .flat_map(|line| Noise::ALL.map(|noise| confirmed_after(&line, noise, snr, codec, &mut dice)))
                .map(|delay| delay.unwrap_or(NEVER))
                .collect();
            delays.sort_unstable();
            let in_time = delays.iter().filter(|&&delay| delay <= 400).count() * 100 / delays.len();
            let (p50, p95) = (delays[delays.len() / 2], delays[delays.len() * 95 / 100]);
            println!("{codec:?} {snr:>3} dB: {in_time} % of speech noticed within 400 ms, p50 {p50} ms, p95 {p95} ms");
            assert!(in_time >= percent && p50 <= median, "{codec:?} {snr} dB: {in_time} % in time, p50 {p50} ms");
        }
    }
}

#[test]
fn ten_minutes_of_steady_noise_hold_no_speech() {
    for noise in Noise::ALL {
        let mut dice = Dice::new(9);
        let bytes = synth::encode(Codec::Ulaw, &noise.make(&mut dice, synth::samples(600_000), -30.0));
        let mut voice = Voice::new(Codec::Ulaw);
        let (mut frames, mut voiced, mut longest) = (0, 0, Duration::ZERO);
        for frame in bytes.chunks_exact(FRAME_BYTES) {
            frames += 1;
            voiced += usize::from(voice.push(frame));
            longest = longest.max(voice.span());
        }
        let percent = voiced as f32 * 100.0 / frames as f32;
        println!("{noise:?} noise: {percent:.2} % of frames like a voice, longest burst {longest:?}");
        assert!(percent < 1.0 && longest < CONFIRM, "{noise:?}");
    }
}
