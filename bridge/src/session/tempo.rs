//! How long a silence ends the caller's turn: what the patient's profile says, adapted to the pauses
//! they make.

use std::time::{Duration, Instant};

use super::plan::TurnProfile;

/// Bounds of the adapted silence, in ms: below, everybody is cut off; above, everybody waits.
const BOUNDS: (u32, u32) = (400, 1500);

/// A quiet of this length inside a turn is a pause and not the closure of a consonant.
const PAUSE_FROM: Duration = Duration::from_millis(200);

/// Speech that begins this soon after a turn was over belonged to it: the turn was cut off.
const CUT_OFF_WITHIN: Duration = Duration::from_millis(800);

/// Weight of a new pause in the moving average of pauses.
const WEIGHT: f32 = 0.3;

/// The silence that ends a turn is this much longer than the usual pause.
const MARGIN: f32 = 1.5;

/// How much longer it becomes when a turn was cut off, in ms.
const AFTER_A_CUT: u32 = 150;

/// Smaller changes are not worth a message, in ms.
const WORTH_IT: u32 = 100;

/// Time between two changes: turn taking must not wobble.
const STEADY_FOR: Duration = Duration::from_secs(15);

/// The tempo of one patient in one call.
#[derive(Debug)]
pub struct Tempo {
    profile: TurnProfile,
    /// What the server was told, in ms.
    told: u32,
    wanted: u32,
    /// Moving average of the pauses inside turns, in ms.
    pause: Option<f32>,
    turn_over_at: Option<Instant>,
    changed_at: Option<Instant>,
}

impl Tempo {
    /// The tempo that the profile says.
    pub fn new(profile: TurnProfile) -> Self {
        let told = profile.silence_duration_ms;
        Self { profile, told, wanted: told, pause: None, turn_over_at: None, changed_at: None }
    }

    /// The silence that ends a turn at the server now.
    pub fn silence(&self) -> Duration {
        Duration::from_millis(self.told.into())
    }

    /// The values in effect, for a new session.
    pub fn profile(&self) -> TurnProfile {
        TurnProfile { silence_duration_ms: self.told, ..self.profile }
    }

    /// The caller was quiet for `quiet` and speaks again within the same turn.
    pub fn on_pause(&mut self, quiet: Duration) {
        let longest = Duration::from_millis(BOUNDS.1.into());
        if quiet < PAUSE_FROM || quiet > longest {
            return;
        }
        let ms = quiet.as_secs_f32() * 1000.0;
        let average = self.pause.map_or(ms, |average| average + WEIGHT * (ms - average));
        self.pause = Some(average);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pauses are short and positive")]
        let wanted = (average * MARGIN) as u32;
        // Only ever towards more patience than the profile has; it was chosen by somebody who knows them.
        self.want(wanted.max(self.profile.silence_duration_ms));
    }

    /// The caller's turn is over, as the server sees it.
    pub fn on_turn_over(&mut self, now: Instant) {
        self.turn_over_at = Some(now);
    }

    /// The caller speaks. Right after a turn was over they had only paused.
    pub fn on_speech_started(&mut self, now: Instant) {
        let cut_off = self.turn_over_at.take().is_some_and(|at| now.saturating_duration_since(at) < CUT_OFF_WITHIN);
        if cut_off {
            self.want(self.wanted + AFTER_A_CUT);
        }
    }

    fn want(&mut self, ms: u32) {
        self.wanted = ms.clamp(BOUNDS.0.min(self.profile.silence_duration_ms), BOUNDS.1);
    }

    /// What the server is to be told, when it is worth it. To be asked at quiet points only.
    pub fn change(&mut self, now: Instant) -> Option<TurnProfile> {
        let steady = self.changed_at.is_some_and(|at| now.saturating_duration_since(at) < STEADY_FOR);
        if steady || self.wanted.abs_diff(self.told) < WORTH_IT {
            return None;
        }
        self.told = self.wanted;
        self.changed_at = Some(now);
        Some(self.profile())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn slow_speech_is_given_more_time_and_fast_speech_no_less_than_the_profile() {
        let now = Instant::now();
        let mut tempo = Tempo::new(TurnProfile::default());
        for _ in 0..5 {
            tempo.on_pause(ms(250));
        }
        assert_eq!(tempo.change(now), None);
        for _ in 0..10 {
            tempo.on_pause(ms(800));
        }
        let slow = tempo.change(now).map(|profile| profile.silence_duration_ms);
        assert!(slow.is_some_and(|slow| (1_000..=1_300).contains(&slow)), "{slow:?}");
    }

    #[test]
    fn a_turn_that_was_cut_off_lengthens_the_silence_up_to_a_limit_and_not_too_often() {
        let mut now = Instant::now();
        let mut tempo = Tempo::new(TurnProfile::default());
        let mut changes = Vec::new();
        for _ in 0..20 {
            tempo.on_turn_over(now);
            tempo.on_speech_started(now + ms(400));
            changes.extend(tempo.change(now).map(|profile| profile.silence_duration_ms));
            now += ms(10_000);
        }
        assert!(changes.is_sorted() && changes.len() <= 10, "{changes:?}");
        // The last step would be too small to be worth a message.
        assert!(changes.last().is_some_and(|last| (BOUNDS.1 - WORTH_IT..=BOUNDS.1).contains(last)), "{changes:?}");
    }

    #[test]
    fn an_answer_after_a_while_was_no_cut() {
        let now = Instant::now();
        let mut tempo = Tempo::new(TurnProfile::default());
        tempo.on_turn_over(now);
        tempo.on_speech_started(now + ms(3000));
        assert_eq!(tempo.change(now), None);
    }
}
