//! Beeps and fax tones are found, keypad tones are no speech, and speech is none of them.

use bridge::audio::frame::{Codec, FRAME_BYTES};
use bridge::audio::tone::{Tone, Tones, is_dtmf};
use openai_sim::{script, speech};

use crate::synth::{self, Dice, Noise, Sound};

const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];

/// Everything that is heard in `sound`, which begins and ends with a little silence and lies in noise.
fn heard(sound: &[f32], noise_db: f32, dice: &mut Dice) -> Vec<Tone> {
    let lead = synth::samples(100) + dice.below(FRAME_BYTES);
    let mut all = Noise::ALL[dice.below(3)].make(dice, lead + sound.len() + synth::samples(200), noise_db);
    synth::add(&mut all, lead, sound);
    let mut tones = Tones::new(Codec::Alaw);
    synth::encode(Codec::Alaw, &all).chunks_exact(FRAME_BYTES).filter_map(|frame| tones.push(frame)).collect()
}

/// All lines of the scripted calls, by both speakers, in twelve languages.
fn speech() -> impl Iterator<Item = Sound> {
    script::LANGUAGES
        .iter()
        .flat_map(|language| speech::assistant(language).iter().chain(speech::patient(language)))
        .map(|line| synth::at_level(synth::decode(Codec::Ulaw, line.audio), -20.0))
}

#[test]
fn a_beep_of_any_pitch_is_found_once_when_it_has_ended() {
    let mut dice = Dice::new(1);
    let found = (0..100)
        .filter(|step| {
            let hertz = 355.0 + 16.5 * *step as f32;
            let beep = synth::tones(&[hertz], 160 + dice.below(1000), dice.between(-30.0, -6.0));
            // 20 dB over the noise of the line.
            let tones = heard(&beep, synth::level_db(&beep) - 20.0, &mut dice);
            tones == [Tone::Beep] || tones == [Tone::FaxCalling] && (hertz - 1100.0).abs() <= 38.0
        })
        .count();
    println!("{found} of 100 beeps found exactly once");
    assert!(found >= 99);
}

#[test]
fn a_click_of_80_ms_is_no_beep() {
    let mut dice = Dice::new(2);
    for hertz in [400.0, 800.0, 1000.0, 1400.0] {
        assert_eq!(heard(&synth::tones(&[hertz], 80, -12.0), -50.0, &mut dice), []);
    }
}

#[test]
fn a_fax_is_known_by_its_tone() {
    let mut dice = Dice::new(3);
    for off in [-12.0, 0.0, 12.0] {
        assert_eq!(heard(&synth::tones(&[1100.0 + off], 500, -20.0), -50.0, &mut dice), [Tone::FaxCalling]);
        assert_eq!(heard(&synth::tones(&[2100.0 + off], 3000, -20.0), -50.0, &mut dice), [Tone::FaxAnswering]);
    }
}

#[test]
fn every_key_is_a_keypad_tone_in_all_its_full_frames() {
    let mut dice = Dice::new(4);
    for (low, high) in LOW.iter().flat_map(|low| HIGH.iter().map(move |high| (low, high))) {
        for off in [-0.015, 0.0, 0.015] {
            let digit = synth::tones(&[low * (1.0 + off), high * (1.0 + off)], 100, dice.between(-30.0, -10.0));
            let noise = Noise::Pink.make(&mut dice, digit.len(), synth::level_db(&digit) - 20.0);
            let mixed: Sound = digit.iter().zip(noise).map(|(a, b)| a + b).collect();
            for frame in synth::encode(Codec::Ulaw, &mixed).chunks_exact(FRAME_BYTES) {
                assert!(is_dtmf(Codec::Ulaw, frame), "{low} + {high} Hz, {off}");
            }
        }
    }
}

#[test]
fn digits_of_50_ms_with_gaps_of_50_ms_begin_no_turn() {
    // Any way a digit lies across the frames: what is left that is not a keypad tone is one frame at most.
    for shift in (0..FRAME_BYTES).step_by(8) {
        let mut sound = vec![0.0; synth::samples(1000)];
        for digit in 0..9 {
            let tone = synth::tones(&[LOW[digit % 4], HIGH[digit / 3]], 50, -15.0);
            synth::add(&mut sound, shift + synth::samples(100 * digit), &tone);
        }
        let bytes = synth::encode(Codec::Ulaw, &sound);
        let mut run = 0;
        for frame in bytes.chunks_exact(FRAME_BYTES) {
            let loud = synth::level_db(&synth::decode(Codec::Ulaw, frame)) > -40.0;
            run = if loud && !is_dtmf(Codec::Ulaw, frame) { run + 1 } else { 0 };
            assert!(run <= 1, "two frames in a row at shift {shift}");
        }
    }
}

#[test]
fn speech_in_twelve_languages_is_no_tone() {
    let mut dice = Dice::new(5);
    let (mut frames, mut digits, mut tones) = (0, 0, Vec::new());
    for line in speech() {
        tones.extend(heard(&line, -60.0, &mut dice));
        for frame in synth::encode(Codec::Ulaw, &line).chunks_exact(FRAME_BYTES) {
            frames += 1;
            digits += usize::from(is_dtmf(Codec::Ulaw, frame));
        }
    }
    println!("{frames} frames of speech: {digits} like a keypad, {} like a tone", tones.len());
    assert_eq!(tones, []);
    assert!(digits * 1000 <= frames, "{digits} of {frames}");
}
