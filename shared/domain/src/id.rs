//! Identifiers: twelve bytes, written as 24 hex digits.
//!
//! The form is that of a MongoDB `ObjectId`, which the existing app already stores; the first four
//! bytes are the creation time, so that ids of one collection sort by age.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;
use crate::time::Random;

/// An untyped identifier; the typed ones below are what signatures use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id([u8; 12]);

impl Id {
    /// A new id: the second of `now`, then eight random bytes.
    pub fn generate(now: jiff::Timestamp, random: &dyn Random) -> Self {
        let mut bytes = [0; 12];
        random.fill(&mut bytes[4..]);
        let seconds = u32::try_from(now.as_second()).unwrap_or_default();
        bytes[..4].copy_from_slice(&seconds.to_be_bytes());
        Self(bytes)
    }

    /// From the twelve bytes of a stored id.
    pub const fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    /// The twelve bytes.
    pub const fn bytes(self) -> [u8; 12] {
        self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let digits = text.as_bytes();
        let mut bytes = [0; 12];
        if digits.len() != 24 {
            return Err(malformed());
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

fn nibble(digit: u8) -> Result<u8, Error> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(malformed()),
    }
}

fn malformed() -> Error {
    Error::field("id", "must be 24 hexadecimal digits")
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom("must be 24 hexadecimal digits"))
    }
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Id);

        impl $name {
            /// A new id; see [`Id::generate`].
            pub fn generate(now: jiff::Timestamp, random: &dyn Random) -> Self {
                Self(Id::generate(now, random))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                text.parse().map(Self)
            }
        }
    )*};
}

id! {
    /// An organisation.
    OrgId
    /// A caregiver: a person who signs in.
    CaregiverId
    /// A patient: a person who is telephoned.
    PatientId
    /// One attempt to telephone a patient. An answered call's conversation has the same id
    /// (`docs/decisions/001-conversation-id.md`).
    CallId
    /// One turn of a conversation.
    MessageId
    /// A sign-in: the family of refresh tokens that descends from it.
    SessionId
    /// A piece of queued work.
    JobId
    /// An alert.
    AlertId
    /// A note that was taken in a call.
    NoteId
    /// A call back that was agreed on.
    CallbackId
    /// A token for one use.
    TokenId
    /// A mail about an account that waits to be sent.
    MailId
    /// A record of the audit trail.
    AuditId
    /// A schedule.
    ScheduleId
    /// An instant at which a schedule was due.
    OccurrenceId
    /// A phrase that means an emergency.
    PhraseId
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ones;
    impl Random for Ones {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0x11);
        }
    }

    #[test]
    fn an_id_starts_with_its_second_and_reads_back() {
        let now = jiff::Timestamp::from_second(0x6789_abcd).unwrap();
        let id = PatientId::generate(now, &Ones);
        assert_eq!(id.to_string(), "6789abcd1111111111111111");
        assert_eq!(id.to_string().parse::<PatientId>().unwrap(), id);
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"6789abcd1111111111111111\"");
    }

    #[test]
    fn what_is_not_an_id_is_refused_without_panic() {
        for text in ["", "1", "zz89abcd1111111111111111", "6789abcd11111111111111112", "6789abcd111111111111111é"] {
            assert!(text.parse::<PatientId>().is_err(), "{text:?}");
            assert!(serde_json::from_value::<PatientId>(text.into()).is_err(), "{text:?}");
        }
    }
}
