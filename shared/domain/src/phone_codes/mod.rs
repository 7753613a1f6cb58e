//! Codes that are sent to a telephone and prove that its number is somebody's own.
//!
//! A code is for one number. How often one is sent and how often it may be tried is counted for the
//! account, and nothing that is entered gives any of it back.

use jiff::{SignedDuration, Timestamp};

use crate::locale::Language;
use crate::phone::Phone;
use crate::secret::Secret;
use crate::time::Random;

/// How long a code is good; the text of the message says it too.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// The span in which messages are counted.
pub const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// Messages in [`WINDOW`].
pub const MESSAGES: usize = 3;
/// Attempts at one code; the next one needs another code.
pub const ATTEMPTS: u32 = 5;

/// The words of the message, a line a language.
const TEXTS: &str = include_str!("texts.txt");

/// What is remembered of the codes of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhoneCodes {
    /// When messages were sent, oldest first; those of the last [`WINDOW`] at least.
    pub sent: Vec<Timestamp>,
    /// The newest code, until it is used.
    pub open: Option<OpenCode>,
}

/// A code that was sent and not used yet. It may have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCode {
    /// The number it was sent to, and is for.
    pub number: Phone,
    /// The account's number at that time: when it becomes another, the code is void.
    pub before: Option<Phone>,
    /// A keyed hash of the code.
    pub hash: [u8; 32],
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Attempts that were counted.
    pub attempts: u32,
}

impl PhoneCodes {
    /// When messages were sent that still count at `now`, with one more at `now`.
    ///
    /// # Errors
    /// How long to wait, when it is one too many.
    pub fn with_another(&self, now: Timestamp) -> Result<Vec<Timestamp>, SignedDuration> {
        let counts = |sent: &Timestamp| now.duration_since(*sent) < WINDOW;
        let mut sent: Vec<Timestamp> = self.sent.iter().copied().filter(counts).collect();
        if let Some(oldest) = sent.len().checked_sub(MESSAGES).and_then(|over| sent.get(over)) {
            return Err(oldest.duration_since(now) + WINDOW);
        }
        sent.push(now);
        Ok(sent)
    }
}

impl OpenCode {
    /// Whether it is too late for it at `now`.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }

    /// Whether it can still be entered by an account that has the number `present`.
    pub fn is_for(&self, present: Option<&Phone>) -> bool {
        present == self.before.as_ref() || present == Some(&self.number)
    }
}

/// A new code: six digits, each as likely as any other.
pub fn draw(random: &dyn Random) -> Secret {
    const CODES: u32 = 1_000_000;
    /// Multiples of [`CODES`] that fit: what is above would make small codes likelier.
    const FAIR: u32 = u32::MAX - u32::MAX % CODES;
    loop {
        let mut bytes = [0; 4];
        random.fill(&mut bytes);
        let drawn = u32::from_be_bytes(bytes);
        if drawn < FAIR {
            return Secret::new(format!("{:06}", drawn % CODES));
        }
    }
}

/// The message that brings a code.
pub fn message(language: Language, code: &Secret) -> Secret {
    let line = TEXTS.lines().find_map(|line| line.strip_prefix(language.code())?.strip_prefix('|'));
    Secret::new(line.unwrap_or_default().trim().replace("{code}", code.expose()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn sent(seconds: &[i64]) -> PhoneCodes {
        PhoneCodes { sent: seconds.iter().map(|second| at(*second)).collect(), open: None }
    }

    #[test]
    fn three_messages_an_hour_whenever_the_hour_begins() {
        assert_eq!(sent(&[]).with_another(at(0)), Ok(vec![at(0)]));
        assert_eq!(sent(&[0, 10]).with_another(at(20)), Ok(vec![at(0), at(10), at(20)]));
        assert_eq!(sent(&[0, 10, 20]).with_another(at(3_599)), Err(SignedDuration::from_secs(1)));
        assert_eq!(sent(&[0, 10, 20]).with_another(at(3_600)), Ok(vec![at(10), at(20), at(3_600)]));
        assert_eq!(sent(&[10, 20, 3_600]).with_another(at(3_605)), Err(SignedDuration::from_secs(5)));
    }

    #[test]
    fn more_than_there_should_be_wait_for_the_right_one() {
        assert_eq!(sent(&[0, 10, 20, 30, 40]).with_another(at(50)), Err(SignedDuration::from_secs(3_570)));
    }

    /// Gives these numbers, one after the other.
    struct Given(Mutex<Vec<u32>>);

    impl Random for Given {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0.lock().unwrap().remove(0).to_be_bytes());
        }
    }

    #[test]
    fn a_code_has_six_digits_and_none_is_likelier_than_another() {
        let drawn = |numbers: &[u32]| draw(&Given(Mutex::new(numbers.to_vec()))).expose().clone();
        assert_eq!(drawn(&[7]), "000007");
        assert_eq!(drawn(&[1_000_042]), "000042");
        // 4,294 times a million is the last whole one below 2^32.
        assert_eq!(drawn(&[4_293_999_999]), "999999");
        assert_eq!(drawn(&[4_294_000_000, u32::MAX, 5]), "000005");
    }

    #[test]
    fn every_language_has_its_own_message_that_begins_with_the_code_and_fits_into_one() {
        let mut messages = BTreeSet::new();
        for language in Language::ALL {
            let text = message(language, &Secret::new("012345".to_owned())).expose().clone();
            // Telephones offer to fill in what comes first.
            assert!(text.starts_with("012345"), "{language}: {text}");
            assert!(text.contains("10") && !text.contains(['{', '}', '|', '\n']), "{language}: {text}");
            // 160 letters of the GSM alphabet, or 70 of any other (3GPP TS 23.038, 6.1.2).
            let gsm = |letter: char| letter.is_ascii() || "äöüßñéèàìòùÇ".contains(letter);
            let most = if text.chars().all(gsm) { 160 } else { 70 };
            assert!(text.encode_utf16().count() <= most, "{language}: {} of {most}", text.encode_utf16().count());
            messages.insert(text);
        }
        assert_eq!(messages.len(), Language::ALL.len());
    }

    #[test]
    fn a_code_is_void_when_the_account_got_another_number_meanwhile() {
        let number = |text: &str| text.parse::<Phone>().unwrap();
        let (old, new, other) = (number("+15550100001"), number("+15550100002"), number("+15550100003"));
        let before = |before| OpenCode { number: new.clone(), before, hash: [0; 32], expires_at: at(600), attempts: 0 };
        assert!(before(None).is_for(None) && before(None).is_for(Some(&new)));
        assert!(!before(None).is_for(Some(&other)));
        let replacing = before(Some(old.clone()));
        assert!(replacing.is_for(Some(&old)) && replacing.is_for(Some(&new)));
        assert!(!replacing.is_for(Some(&other)) && !replacing.is_for(None));
        assert!(!replacing.has_ended(at(599)) && replacing.has_ended(at(600)));
    }
}
