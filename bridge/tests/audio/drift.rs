//! Ability 10: the drift of the caller's clock is known within 20 ppm after a minute.

use std::time::{Duration, Instant};

use bridge::audio::drift::Drift;

use crate::synth::Dice;

/// How late packets are.
#[derive(Debug, Clone, Copy)]
enum Network {
    /// Around 4 ms late as on a good line, one packet in a hundred up to 80 ms.
    Good,
    /// Normal with a deviation of 5 ms, one packet in twenty up to 150 ms later than that, and 2 % lost.
    Mobile,
    /// As good, but all is 30 ms later for ten seconds in the middle.
    Detour,
}

impl Network {
    fn late(self, n: u32, dice: &mut Dice) -> Option<f64> {
        let spike = f64::from(dice.unit());
        let ms = match self {
            Self::Good if spike < 0.01 => f64::from(dice.between(0.0, 80.0)),
            Self::Mobile if spike < 0.02 => return None,
            Self::Mobile => {
                let late = if spike < 0.07 { dice.between(0.0, 150.0) } else { 0.0 };
                f64::from(40.0 + 5.0 * dice.normal() + late)
            }
            Self::Good | Self::Detour => -4.0 * f64::from(dice.unit()).max(1e-6).ln(),
        };
        let detour = matches!(self, Self::Detour) && (1000..1500).contains(&n);
        Some(ms / 1000.0 + if detour { 0.03 } else { 0.0 })
    }
}

/// What is estimated after `seconds` of packets from a clock that is `ppm` fast.
fn estimate(ppm: f64, network: Network, seconds: u32, dice: &mut Dice) -> Option<f64> {
    let start = Instant::now() + Duration::from_secs(1);
    let first = u32::MAX - 100_000;
    let mut drift = Drift::new();
    for n in 0..seconds * 50 {
        let Some(late) = network.late(n, dice) else { continue };
        let sent = f64::from(n) * 0.02 / (1.0 + ppm / 1e6);
        drift.push(start + Duration::from_secs_f64(sent + late.max(0.0)), first.wrapping_add(n * 160));
    }
    drift.ppm()
}

#[test]
fn after_a_minute_the_estimate_is_within_20_ppm() {
    let mut dice = Dice::new(10);
    for network in [Network::Good, Network::Mobile, Network::Detour] {
        let mut worst = 0.0_f64;
        for ppm in [-300.0, -50.0, 0.0, 50.0, 300.0] {
            for _ in 0..20 {
                let error = (estimate(ppm, network, 60, &mut dice).unwrap() - ppm).abs();
                worst = worst.max(error);
            }
        }
        println!("{network:?}: at most {worst:.1} ppm off after 60 s");
        assert!(worst <= 20.0, "{network:?}: {worst}");
    }
}

#[test]
fn after_an_hour_it_is_within_2_ppm_and_has_kept_no_more() {
    let mut dice = Dice::new(11);
    for ppm in [-300.0, 300.0] {
        let error = (estimate(ppm, Network::Mobile, 3600, &mut dice).unwrap() - ppm).abs();
        println!("{error:.2} ppm off after an hour");
        assert!(error <= 2.0, "{error}");
    }
}

#[test]
fn the_first_half_minute_says_nothing() {
    assert_eq!(estimate(300.0, Network::Good, 25, &mut Dice::new(12)), None);
}

#[test]
fn a_new_stream_begins_a_new_estimate() {
    let start = Instant::now();
    let mut drift = Drift::new();
    for n in 0..3000u32 {
        drift.push(start + Duration::from_millis(20) * n, n * 160);
    }
    assert!(drift.ppm().unwrap().abs() < 1.0);
    for n in 3000..3100u32 {
        drift.push(start + Duration::from_millis(20) * n, 0x8000_0000 + n * 160);
    }
    assert_eq!(drift.ppm(), None);
}

#[test]
fn a_packet_out_of_order_or_twice_changes_nothing() {
    let start = Instant::now();
    let (mut drift, mut orderly) = (Drift::new(), Drift::new());
    for n in 0..3000u32 {
        let at = |n: u32| start + Duration::from_millis(20) * n;
        orderly.push(at(n), n * 160);
        drift.push(at(n), (n ^ 1) * 160);
        drift.push(at(n), (n ^ 1) * 160);
    }
    assert!((drift.ppm().unwrap() - orderly.ppm().unwrap()).abs() < 20.0);
}
