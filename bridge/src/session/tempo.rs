//! How long a silence ends the caller's turn: what the patient's profile says, adapted to the pauses they make.
//!
//! Pauses within speech are log-normal, in the healthy and in patients (Rosen, Kent and Duffy 2003; Angelopoulou et al.
//! 2018). So their logarithms are followed, and the silence is where all but a few of the pauses are over: a mean times a
//! factor would be too long for regular speakers and too short for others.

use std::time::{Duration, Instant};

use super::plan::TurnProfile;

/// Bounds of the adapted silence, in ms: below, everybody is cut off; above, the wait is as bad as the cut.
const BOUNDS: (u32, u32) = (400, 1800);

/// A quiet of this length inside a turn is a pause and not the closure of a consonant.
const PAUSE_FROM: Duration = Duration::from_millis(200);

/// Speech that begins this soon after a turn was over belonged to it: the turn was cut off.
const CUT_OFF_WITHIN: Duration = Duration::from_millis(800);

/// Standard deviations above the mean at which the silence is: of 200 pauses one is longer, and a turn has one or two.
const DEVIATIONS: f32 = 2.6;

/// Spread of the logarithms that a profile stands for before a pause was heard.
const SPREAD: f32 = 0.45;

/// A profile counts for as many pauses as this.
const PROFILE_PAUSES: f32 = 4.0;

/// No more pauses than this count: people tire.
const REMEMBERED: f32 = 40.0;

/// How much longer it becomes at least when a turn was cut off, in ms.
const AFTER_A_CUT: u32 = 150;

/// Smaller changes are not worth a message, in ms.
const WORTH_IT: u32 = 100;

/// Time before it becomes shorter again: turn taking must not wobble. More patience is given at once.
const STEADY_FOR: Duration = Duration::from_secs(15);

/// The tempo of one patient in one call.
#[derive(Debug)]
pub struct Tempo {
    profile: TurnProfile,
    /// What the server was told, in ms.
    told: u32,
    wanted: u32,
    pauses: Pauses,
    turn_over_at: Option<Instant>,
    /// The pause that cut the turn before off, should what follows it be words.
    cut: Option<Duration>,
    changed_at: Option<Instant>,
}

/// Pauses as a log-normal distribution; lengths in ms.
#[derive(Debug)]
struct Pauses {
    count: f32,
    mean: f32,
    variance: f32,
}

impl Pauses {
    /// Those of whom this silence suits.
    fn of(silence: u32) -> Self {
        Self { count: PROFILE_PAUSES, mean: ln(silence) - DEVIATIONS * SPREAD, variance: SPREAD * SPREAD }
    }

    fn add(&mut self, pause: u32) {
        self.count = (self.count + 1.0).min(REMEMBERED);
        let off = ln(pause) - self.mean;
        self.mean += off / self.count;
        self.variance += (off * off - self.variance) / self.count;
    }

    /// The silence that suits.
    fn silence(&self) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it saturates, and is bounded next"
        )]
        let silence = (self.mean + DEVIATIONS * self.variance.sqrt()).exp() as u32;
        silence
    }
}

fn ln(ms: u32) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a second has few milliseconds")]
    let ms = ms.max(1) as f32;
    ms.ln()
}

impl Tempo {
    /// The tempo that the profile says.
    pub fn new(profile: TurnProfile) -> Self {
        let told = profile.silence_duration_ms;
        let pauses = Pauses::of(told);
        Self { profile, told, wanted: told, pauses, turn_over_at: None, cut: None, changed_at: None }
    }

    /// The silence that ends a turn at the server now.
    pub fn silence(&self) -> Duration {
        Duration::from_millis(self.told.into())
    }

    /// The values in effect, for a new session.
    pub fn profile(&self) -> TurnProfile {
        TurnProfile { silence_duration_ms: self.told, ..self.profile }
    }

    /// The caller was quiet for `quiet` and speaks again within the same turn. When that is much longer than the silence
    /// that would have ended it, the server has heard what our own ear has not.
    pub fn on_pause(&mut self, quiet: Duration) {
        if (PAUSE_FROM..=self.silence() + PAUSE_FROM).contains(&quiet) {
            self.learn(quiet);
        }
    }

    /// The caller's sound begins. Right after a turn was over they had only paused, should it turn out to be words.
    pub fn on_speech_started(&mut self, now: Instant) {
        let since = self.turn_over_at.take().map(|at| now.saturating_duration_since(at));
        self.cut = since.filter(|since| *since < CUT_OFF_WITHIN).map(|since| self.silence() + since);
    }

    /// It was a noise: no pause ended with it.
    pub fn on_noise_over(&mut self) {
        self.cut = None;
    }

    /// The caller's turn is over, as the server sees it.
    pub fn on_turn_over(&mut self, now: Instant) {
        self.turn_over_at = Some(now);
        if let Some(pause) = self.cut.take() {
            self.learn(pause);
            self.want(self.wanted.max(self.told + AFTER_A_CUT));
        }
    }

    fn learn(&mut self, pause: Duration) {
        self.pauses.add(u32::try_from(pause.as_millis()).unwrap_or(u32::MAX));
        self.want(self.pauses.silence());
    }

    /// Only ever more patience than the profile has: it was chosen by somebody who knows them.
    fn want(&mut self, ms: u32) {
        self.wanted = ms.clamp(BOUNDS.0, BOUNDS.1).max(self.profile.silence_duration_ms);
    }

    /// What the server is to be told, when it is worth it. To be asked at quiet points only.
    pub fn change(&mut self, now: Instant) -> Option<TurnProfile> {
        let longer = self.wanted > self.told;
        let steady = self.changed_at.is_some_and(|at| now.saturating_duration_since(at) < STEADY_FOR);
        if self.wanted.abs_diff(self.told) < WORTH_IT || (steady && !longer) {
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
        for pause in [600, 800, 700, 500, 900].into_iter().cycle().take(20) {
            tempo.on_pause(ms(pause));
        }
        let slow = tempo.change(now).map(|profile| profile.silence_duration_ms);
        assert!(slow.is_some_and(|slow| (1_200..=BOUNDS.1).contains(&slow)), "{slow:?}");
        assert_eq!(tempo.change(now), None, "nothing is new");
        for _ in 0..200 {
            tempo.on_pause(ms(300));
        }
        assert_eq!(tempo.change(now + ms(14_000)), None, "not so soon");
        let again = tempo.change(now + ms(15_000)).map(|profile| profile.silence_duration_ms);
        assert_eq!(again, Some(TurnProfile::default().silence_duration_ms), "never below the profile");
    }

    #[test]
    fn a_turn_that_was_cut_off_lengthens_the_silence_up_to_a_limit_and_not_too_often() {
        let mut now = Instant::now();
        let mut tempo = Tempo::new(TurnProfile::default());
        let mut changes = Vec::new();
        for _ in 0..20 {
            tempo.on_turn_over(now);
            tempo.on_speech_started(now + ms(400));
            tempo.on_turn_over(now + ms(1000));
            changes.extend(tempo.change(now).map(|profile| profile.silence_duration_ms));
            now += ms(10_000);
        }
        assert!(changes.is_sorted() && changes.len() <= 12, "{changes:?}");
        // The last step would be too small to be worth a message.
        assert!(changes.last().is_some_and(|last| (BOUNDS.1 - WORTH_IT..=BOUNDS.1).contains(last)), "{changes:?}");
    }

    #[test]
    fn what_is_no_pause_of_the_caller_teaches_nothing() {
        let mut now = Instant::now();
        let mut tempo = Tempo::new(TurnProfile::default());
        for _ in 0..20 {
            // Longer than the server would have waited: the caller spoke, too softly for our ear.
            tempo.on_pause(ms(1_400));
            // A cough after the turn.
            tempo.on_turn_over(now);
            tempo.on_speech_started(now + ms(500));
            tempo.on_noise_over();
            now += ms(20_000);
            assert_eq!(tempo.change(now), None);
        }
    }

    #[test]
    fn an_answer_after_a_while_was_no_cut() {
        let now = Instant::now();
        let mut tempo = Tempo::new(TurnProfile::default());
        tempo.on_turn_over(now);
        tempo.on_speech_started(now + ms(3000));
        tempo.on_turn_over(now + ms(5000));
        assert_eq!(tempo.change(now), None);
    }
}
