//! Pictures of people: what they are called and how large they may arrive.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;
use crate::time::Random;

/// The largest picture that is taken, in bytes. Lambda's events hold 6 MB, a body in them is base64, which is a third
/// longer, and the form around the picture needs a little too.
pub const MAX_PICTURE: usize = 4 * 1024 * 1024;

/// The name of one picture: sixteen random bytes, written as 32 hex digits.
///
/// It is a capability: whoever knows `…/v1/pictures/<id>` sees the picture without signing in, as an `<img>` must, and
/// nobody can guess it. It is new with every upload, never made from anything, and what it names never changes. So it
/// may be kept by a browser for ever, it tells nothing of the person, and taking a picture away makes every copy of
/// the address worthless. `Debug` does not show it, so that it does not get into a log by accident.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PictureId(u128);

impl PictureId {
    /// A new id.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        Self(u128::from_be_bytes(bytes))
    }
}

impl fmt::Display for PictureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for PictureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl FromStr for PictureId {
    type Err = Error;

    /// Small letters only: a picture has one address.
    fn from_str(text: &str) -> Result<Self, Error> {
        let digits = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let value = if digits { u128::from_str_radix(text, 16).ok() } else { None };
        value.map(Self).ok_or_else(|| Error::field("pictureId", MUST))
    }
}

const MUST: &str = "must be 32 hexadecimal digits";

impl Serialize for PictureId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PictureId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(|_| serde::de::Error::custom(MUST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    struct Small;
    impl Random for Small {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.iter_mut().zip(0..).for_each(|(byte, value)| *byte = value);
        }
    }

    #[test]
    fn an_id_has_32_digits_and_reads_back() {
        let id = PictureId::generate(&Small);
        assert_eq!(id.to_string(), "000102030405060708090a0b0c0d0e0f");
        assert_eq!(id.to_string().parse::<PictureId>().unwrap(), id);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, "\"000102030405060708090a0b0c0d0e0f\"");
        assert_eq!(serde_json::from_str::<PictureId>(&json).unwrap(), id);
    }

    #[test]
    fn an_id_does_not_get_into_a_log() {
        assert_eq!(format!("{:?}", Some(PictureId::generate(&Small))), "Some([secret])");
    }

    #[test_case(""; "empty")]
    #[test_case("000102030405060708090a0b0c0d0e0"; "too short")]
    #[test_case("000102030405060708090a0b0c0d0e0f0"; "too long")]
    #[test_case("000102030405060708090A0B0C0D0E0F"; "capitals")]
    #[test_case("+00102030405060708090a0b0c0d0e0f"; "a sign")]
    #[test_case("../02030405060708090a0b0c0d0e0f0"; "a path")]
    #[test_case("0001020304050607080900000000é0f"; "no ASCII")]
    fn anything_else_is_no_id(text: &str) {
        assert!(text.parse::<PictureId>().is_err());
        assert!(serde_json::from_value::<PictureId>(text.into()).is_err());
    }
}
