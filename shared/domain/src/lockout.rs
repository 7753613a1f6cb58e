//! How wrong passwords and codes slow down whoever tries them.
//!
//! An attempt is counted before it is judged, so many at once are no way around. Nobody is locked
//! out for good: the pause has an end, and a stranger's attempts from elsewhere do not slow down
//! the owner at a place they signed in from before (OWASP Authentication Cheat Sheet, "Account
//! Lockout").

use jiff::{SignedDuration, Timestamp};

/// The longest pause.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);
/// The first pause; it doubles with every further attempt.
const FIRST: SignedDuration = SignedDuration::from_secs(30);
/// How long a message that anybody can ask for is held back once there were enough: who needs one has
/// had three.
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// How long an owner is not warned again.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// One attempt is forgotten after each of these, so that the slips of weeks are no attack.
const FADES: SignedDuration = SignedDuration::from_hours(1);
/// After this long without an attempt everything is forgotten.
pub const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);
/// Pauses double so often.
const DOUBLINGS: u32 = 5;

/// What attempts are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One account from one place.
    AccountAtPlace,
    /// One account from any place it never signed in from.
    AccountFromStrangers,
    /// One place, whatever the account: lists of stolen passwords are tried from one machine.
    Place,
    /// The second factor of one account.
    SecondFactor,
    /// Mails to one address that anybody can ask for.
    Mail,
    /// Codes to one telephone number, whoever asks for them: many
    /// accounts must not fill a telephone that is none of theirs.
    Sms,
    /// Warnings to the owner of one account: whoever guesses from many places must not fill a mailbox.
    Warning,
}

impl Subject {
    /// Attempts before the first pause. A clinic's whole staff can sit behind one address.
    pub const fn free(self) -> u32 {
        match self {
            Self::Warning => 1,
            Self::Mail => 3,
            Self::AccountAtPlace | Self::SecondFactor => 5,
            // As many as three people who share a number may ask for at once.
            Self::Sms => 9,
            Self::AccountFromStrangers => 20,
            Self::Place => 60,
        }
    }

    /// The pause after one attempt more than are free, and after `over` more than that.
    fn pause(self, over: u32) -> SignedDuration {
        match self {
            Self::Warning => DAY,
            Self::Mail | Self::Sms => HOUR,
            Self::AccountAtPlace | Self::AccountFromStrangers | Self::Place | Self::SecondFactor => {
                (FIRST * 2_i32.pow(over.min(DOUBLINGS))).min(LONGEST)
            }
        }
    }
}

/// How often it was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Attempts that did not succeed, or are not judged yet.
    pub count: u32,
    /// Until when no further one is judged.
    pub until: Option<Timestamp>,
    /// Since when they fade.
    pub since: Option<Timestamp>,
}

/// Counts an attempt at `now`.
///
/// # Errors
/// How long to wait, when it is too early.
pub fn count(so_far: Attempts, subject: Subject, now: Timestamp) -> Result<Attempts, SignedDuration> {
    if let Some(wait) = so_far.until.map(|until| until.duration_since(now)).filter(SignedDuration::is_positive) {
        return Err(wait);
    }
    let (left, since) = faded(so_far, now);
    // More than give the longest pause are not counted, or they would take days to fade.
    let count = left.saturating_add(1).min(subject.free() + DOUBLINGS);
    let until = count.checked_sub(subject.free()).map(|over| now + subject.pause(over));
    Ok(Attempts { count, until, since: Some(since) })
}

/// What is left of what was counted, and since when that fades.
fn faded(so_far: Attempts, now: Timestamp) -> (u32, Timestamp) {
    let Some(since) = so_far.since else { return (0, now) };
    let times = u32::try_from(now.duration_since(since).as_secs().max(0) / FADES.as_secs()).unwrap_or(u32::MAX);
    match so_far.count.checked_sub(times) {
        Some(left) if left > 0 && times < so_far.count => (left, since + FADES * i32::try_from(times).unwrap_or(0)),
        _ => (0, now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_first_attempts_are_free_and_then_each_waits_longer() {
        let (mut attempts, mut now, mut waits) = (Attempts::default(), at(1_000_000), Vec::new());
        for _ in 0..12 {
            if let Err(wait) = count(attempts, Subject::AccountAtPlace, now) {
                waits.push(wait.as_secs());
                now += wait;
            }
            attempts = count(attempts, Subject::AccountAtPlace, now).unwrap();
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900], "from the sixth on");
    }

    #[test]
    fn no_hour_has_more_than_three_mails_or_nine_codes_and_no_day_more_than_one_warning() {
        for (subject, most, hours) in [(Subject::Mail, 3, 1), (Subject::Sms, 9, 1), (Subject::Warning, 1, 24)] {
            let (mut attempts, mut sent) = (Attempts::default(), Vec::new());
            for minute in 0..3 * 24 * 60 {
                let now = at(minute * 60);
                if let Ok(counted) = count(attempts, subject, now) {
                    attempts = counted;
                    sent.push(now);
                }
            }
            for (first, next) in sent.iter().zip(&sent[most..]) {
                assert!(next.duration_since(*first).as_hours() >= hours, "{subject:?}: {sent:?}");
            }
            assert!(sent.len() >= 3, "it never ends");
        }
    }

    #[test]
    fn an_attempt_that_comes_too_early_changes_nothing() {
        let mut attempts = Attempts::default();
        for _ in 0..5 {
            attempts = count(attempts, Subject::AccountAtPlace, at(0)).unwrap();
        }
        assert_eq!(count(attempts, Subject::AccountAtPlace, at(29)).unwrap_err().as_secs(), 1);
        assert!(count(attempts, Subject::AccountAtPlace, at(30)).is_ok());
    }

    #[test]
    fn a_wrong_attempt_now_and_then_never_makes_anybody_wait() {
        for (subject, minutes) in [(Subject::AccountAtPlace, 61), (Subject::Place, 61), (Subject::SecondFactor, 61)] {
            let mut attempts = Attempts::default();
            for n in 0..1_000 {
                attempts = count(attempts, subject, at(n * minutes * 60)).unwrap();
                assert_eq!(attempts.until, None, "{subject:?}");
            }
        }
    }

    #[test]
    fn whoever_never_stops_guessing_gets_about_a_hundred_a_day() {
        let (mut attempts, mut guesses) = (Attempts::default(), 0);
        for second in 0..24 * 3_600 {
            if let Ok(counted) = count(attempts, Subject::AccountAtPlace, at(second)) {
                attempts = counted;
                guesses += 1;
            }
        }
        assert!((90..=130).contains(&guesses), "{guesses}");
    }

    #[test]
    fn a_day_later_all_is_forgotten() {
        let mut attempts = Attempts::default();
        for n in 0..8 {
            attempts = count(attempts, Subject::AccountAtPlace, at(n * 1_000)).unwrap();
        }
        let later = count(attempts, Subject::AccountAtPlace, at(8_000 + 25 * 3600)).unwrap();
        assert_eq!((later.count, later.until), (1, None));
    }

    #[test]
    fn no_pause_is_longer_than_a_quarter_of_an_hour_however_often_it_is_tried() {
        let worn = Attempts { count: u32::MAX, until: None, since: Some(at(0)) };
        let attempts = count(worn, Subject::Place, at(1)).unwrap();
        assert_eq!(attempts.until, Some(at(901)));
    }
}
