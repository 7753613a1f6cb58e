//! Ability 1, the fallback: 24 kHz PCM to the telephone and back without aliases, ripple or clicks.

use bridge::audio::frame::Codec;
use bridge::audio::resample::{ToModel, ToTelephone};

use crate::synth::{self, Dice, Sound};

/// A sine at 24 kHz as the model sends it.
fn pcm(hertz: f32, ms: usize, amplitude: f32) -> Vec<u8> {
    (0..ms * 24)
        .flat_map(|n| {
            let turn = (f64::from(hertz) * n as f64 / 24_000.0).fract() as f32;
            (((turn * std::f32::consts::TAU).sin() * amplitude) as i16).to_le_bytes()
        })
        .collect()
}

fn linear(pcm: &[u8]) -> Sound {
    pcm.as_chunks::<2>().0.iter().map(|&pair| f32::from(i16::from_le_bytes(pair)) / 32768.0).collect()
}

/// Power in dB at one frequency, by a long Fourier sum under a Hann window; and of all the rest.
fn at_and_beside(sound: &[f32], hertz: f32, rate: f32) -> (f32, f32) {
    let length = sound.len() as f64;
    let (mut cosine, mut sine, mut total, mut weight) = (0.0_f64, 0.0_f64, 0.0_f64, 0.0_f64);
    for (n, &sample) in sound.iter().enumerate() {
        let hann = 0.5 - 0.5 * (std::f64::consts::TAU * n as f64 / length).cos();
        let angle = std::f64::consts::TAU * f64::from(hertz) * n as f64 / f64::from(rate);
        let sample = f64::from(sample) * hann;
        cosine += sample * angle.cos();
        sine += sample * angle.sin();
        total += sample * sample;
        weight += hann * hann;
    }
    // A sine of amplitude a gives (a * length / 4)^2 here and has a power of a^2 / 2.
    let at = (cosine * cosine + sine * sine) * 8.0 / (length * length);
    let all = total / weight;
    ((10.0 * at.max(1e-12).log10()) as f32, (10.0 * (all - at).max(1e-12).log10()) as f32)
}

/// Without the beginning, where the filter fills.
fn settled(sound: &[f32]) -> &[f32] {
    &sound[800..]
}

#[test]
fn what_passes_changes_by_less_than_half_a_decibel_up_to_3400_hz() {
    let (mut down, mut up) = ((f32::MAX, f32::MIN), (f32::MAX, f32::MIN));
    for step in 0..34 {
        let hertz = 100.0 + 100.0 * step as f32;
        let sent = 20.0 * (16_000.0_f32 / 32_768.0).log10() - 3.0103;
        let bytes = ToTelephone::new(Codec::Ulaw).push(&pcm(hertz, 1100, 16_000.0));
        let (at, _) = at_and_beside(settled(&synth::decode(Codec::Ulaw, &bytes)), hertz, 8000.0);
        down = (down.0.min(at - sent), down.1.max(at - sent));
        let tone = synth::tones(&[hertz], 1100, -9.0);
        let model = linear(&ToModel::new(Codec::Ulaw).push(&synth::encode(Codec::Ulaw, &tone)));
        let (at, _) = at_and_beside(settled(&model), hertz, 24_000.0);
        up = (up.0.min(at + 9.0), up.1.max(at + 9.0));
    }
    println!("100 to 3,400 Hz: {down:.2?} dB to the telephone, {up:.2?} dB to the model");
    for (least, most) in [down, up] {
        assert!(least >= -0.5 && most <= 0.5);
    }
}

#[test]
fn what_lies_above_4_khz_is_gone_by_50_db() {
    let mut worst = f32::MIN;
    for step in 0..80 {
        let hertz = 4000.0 + 100.0 * step as f32 + 7.0;
        let sent = 20.0 * (30_000.0_f32 / 32_768.0).log10() - 3.0103;
        let bytes = ToTelephone::new(Codec::Ulaw).push(&pcm(hertz, 600, 30_000.0));
        worst = worst.max(synth::level_db(settled(&synth::decode(Codec::Ulaw, &bytes))) - sent);
    }
    println!("4 to 12 kHz to the telephone: at most {worst:.1} dB are left");
    assert!(worst <= -50.0);
}

#[test]
fn the_mirror_of_a_tone_is_not_sent_to_the_model() {
    let mut worst = f32::MIN;
    for step in 0..31 {
        let hertz = 300.0 + 100.0 * step as f32;
        let tone = synth::tones(&[hertz], 600, -9.0);
        let model = linear(&ToModel::new(Codec::Ulaw).push(&synth::encode(Codec::Ulaw, &tone)));
        for mirror in [8000.0 - hertz, 8000.0 + hertz] {
            worst = worst.max(at_and_beside(settled(&model), mirror, 24_000.0).0 + 9.0);
        }
    }
    println!("mirrors of 300 to 3,300 Hz: at most {worst:.1} dB");
    assert!(worst <= -50.0);
}

#[test]
fn however_a_sound_is_cut_it_comes_out_the_same() {
    let mut dice = Dice::new(24);
    let sound = pcm(440.0, 900, 12_000.0);
    let whole = ToTelephone::new(Codec::Alaw).push(&sound);
    let back = ToModel::new(Codec::Alaw).push(&whole);
    for _ in 0..50 {
        let (mut telephone, mut model) = (ToTelephone::new(Codec::Alaw), ToModel::new(Codec::Alaw));
        let (mut cut, mut returned) = (Vec::new(), Vec::new());
        let mut rest = &sound[..];
        while !rest.is_empty() {
            // Odd lengths split a sample.
            let (piece, after) = rest.split_at((1 + dice.below(997)).min(rest.len()));
            let bytes = telephone.push(piece);
            returned.extend_from_slice(&model.push(&bytes));
            cut.extend_from_slice(&bytes);
            rest = after;
        }
        assert_eq!(cut, whole);
        assert_eq!(returned, back);
    }
}

#[test]
fn a_steady_tone_has_no_click_where_two_deltas_meet() {
    let sound = pcm(1000.0, 2000, 12_000.0);
    let mut telephone = ToTelephone::new(Codec::Ulaw);
    let bytes: Vec<u8> = sound.chunks(4801).flat_map(|piece| telephone.push(piece)).collect();
    let (at, beside) = at_and_beside(settled(&synth::decode(Codec::Ulaw, &bytes)), 1000.0, 8000.0);
    println!("a tone in deltas of 100 ms: everything else lies {:.1} dB under it", at - beside);
    // What G.711 itself adds lies 37 dB under a sine.
    assert!(at - beside >= 35.0);
}

#[test]
fn the_length_is_kept_to_the_sample() {
    let mut telephone = ToTelephone::new(Codec::Ulaw);
    let total: usize = (0..100).map(|_| telephone.push(&[0; 961]).len()).sum();
    assert_eq!(total, 100 * 961 / 2 / 3 + 1);
    assert_eq!(ToModel::new(Codec::Ulaw).push(&[0xFF; 160]).len(), 960);
}
