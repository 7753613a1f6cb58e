//! Pictures of people.

use crate::env::{ConfigError, Env, Variable};

const BUCKET: Variable = Variable {
    name: "PICTURES_BUCKET",
    what: "Private S3 bucket that holds the pictures of caregivers and patients.",
    must: "the name of an S3 bucket",
    default: Some("pictures"),
};

pub(crate) const VARIABLES: &[Variable] = &[BUCKET];

/// Pictures of people.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// `PICTURES_BUCKET`, default `pictures`.
    pub bucket: String,
}

impl Pictures {
    /// Reads the section.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { bucket: env.parse_where(&BUCKET, |name: &String| is_bucket(name))? })
    }
}

/// Whether S3 could have a bucket of this name.
pub(crate) fn is_bucket(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    (3..=63).contains(&name.len()) && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("" => Some("pictures".to_owned()); "not set")]
    #[test_case("bianca-pictures.eu" => Some("bianca-pictures.eu".to_owned()); "a name")]
    #[test_case("s3://pictures" => None; "an address")]
    #[test_case("Pictures" => None; "a capital")]
    #[test_case("ab" => None; "too short")]
    fn the_bucket(name: &str) -> Option<String> {
        Pictures::from_env(&Env::default().with("PICTURES_BUCKET", name)).ok().map(|pictures| pictures.bucket)
    }
}
