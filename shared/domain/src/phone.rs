//! Telephone numbers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A telephone number in E.164 form: `+`, then 8 to 15 digits of which the first is not 0
/// (ITU-T E.164, 6.2.1; the lower bound keeps out short codes and emergency numbers).
///
/// It is patient or caregiver data, so it prints as redacted; [`Phone::as_str`] reveals it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Phone(String);

impl Phone {
    /// What a wrong number must look like instead.
    pub const RULE: &'static str = "must be a phone number in international form, such as +15550100123";

    /// The number as `+15550100123`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number for those who know it: all but its last four digits are stars.
    pub fn masked(&self) -> String {
        let hidden = self.0.len().saturating_sub(5);
        format!("+{}{}", "*".repeat(hidden), &self.0[self.0.len() - 4..])
    }
}

impl FromStr for Phone {
    type Err = Error;

    /// Spaces, dots, hyphens and brackets are taken out first; people type them. Ten digits, or
    /// eleven that begin with 1, without `+` are read as North American, as the existing app does.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::field("phone", Self::RULE);
        let mut digits = String::with_capacity(16);
        let mut international = false;
        for (at, letter) in text.trim().chars().enumerate() {
            match letter {
                '+' if at == 0 => international = true,
                '0'..='9' if digits.len() < 16 => digits.push(letter),
                ' ' | '.' | '-' | '(' | ')' | '/' => {}
                _ => return Err(wrong()),
            }
        }
        if !international {
            match digits.len() {
                10 => digits.insert(0, '1'),
                11 if digits.starts_with('1') => {}
                _ => return Err(wrong()),
            }
        }
        if (8..=15).contains(&digits.len()) && !digits.starts_with('0') {
            Ok(Self(format!("+{digits}")))
        } else {
            Err(wrong())
        }
    }
}

impl TryFrom<String> for Phone {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map_err(|_| Self::RULE)
    }
}

impl From<Phone> for String {
    fn from(phone: Phone) -> Self {
        phone.0
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::Phone;
    use test_case::test_case;

    #[test]
    fn a_masked_number_shows_its_last_four_digits() {
        assert_eq!("+15550100123".parse::<Phone>().unwrap().masked(), "+*******0123");
        assert_eq!("+12345678".parse::<Phone>().unwrap().masked(), "+****5678");
    }

    #[test_case("+15550100123" => Some("+15550100123".into()); "E.164 stays")]
    #[test_case(" +49 (30) 123-4567 " => Some("+49301234567".into()); "what people type is cleaned")]
    #[test_case("555 010 0123" => Some("+15550100123".into()); "ten digits are North American")]
    #[test_case("15550100123" => Some("+15550100123".into()); "eleven with a leading one too")]
    #[test_case("+05550100123" => None; "no country code begins with zero")]
    #[test_case("112" => None; "an emergency number is never dialled")]
    #[test_case("+1234567890123456" => None; "sixteen digits are too many")]
    #[test_case("+1555010012x" => None; "letters")]
    #[test_case("PJSIP/evil@host" => None; "a dial string")]
    #[test_case("1+5550100123" => None; "a plus in the middle")]
    #[test_case("" => None; "empty")]
    fn parse(text: &str) -> Option<String> {
        text.parse::<Phone>().ok().map(|phone| phone.as_str().to_owned())
    }
}
