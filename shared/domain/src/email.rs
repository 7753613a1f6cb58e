//! E-mail addresses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// An e-mail address, trimmed and lower case: that is how accounts are looked up.
///
/// Only the shape is checked (one `@`, something on both sides, a dot in the domain, no spaces or
/// control characters, at most 254 bytes: RFC 5321 4.5.3.1.3); whether it exists, a mail tells.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// What a wrong address must look like instead.
    pub const RULE: &'static str = "must be an e-mail address";

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let address = text.trim().to_lowercase();
        let shaped = address.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && local.len() <= 64
                && !domain.contains('@')
                && domain.contains('.')
                && domain.split('.').all(|label| !label.is_empty())
        });
        let clean = !address.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;:\"\\()[]".contains(c));
        if shaped && clean && address.len() <= 254 { Ok(Self(address)) } else { Err(Error::field("email", Self::RULE)) }
    }
}

impl TryFrom<String> for Email {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map_err(|_| Self::RULE)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::Email;
    use test_case::test_case;

    #[test_case(" Nora@Example.ORG " => Some("nora@example.org".into()); "trimmed and lowered")]
    #[test_case("nora" => None; "no at sign")]
    #[test_case("@example.org" => None; "nobody")]
    #[test_case("a@b" => None; "no domain")]
    #[test_case("a@b..c" => None; "an empty label")]
    #[test_case("a@b.c\r\nBcc: x@y.z" => None; "a header smuggled in")]
    #[test_case("a b@c.de" => None; "a space")]
    fn parse(text: &str) -> Option<String> {
        text.parse::<Email>().ok().map(|email| email.as_str().to_owned())
    }
}
