//! Rate limits.

use std::str::FromStr;

use crate::Stage;
use crate::env::{ConfigError, Env, Variable, wrong};

const LIMITS: Variable = Variable {
    name: "RATE_LIMITS",
    what: "Whether requests are counted and refused when there are too many. Off is for tools that ask an API as often as they can.",
    must: "on, or off with STAGE=local only",
    default: Some("on"),
};

pub(crate) const VARIABLES: &[Variable] = &[LIMITS];

/// Rate limits. How many requests are too many is no configuration: each route says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `RATE_LIMITS`, default `on`.
    pub enforced: bool,
}

impl Limits {
    /// Reads the section.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let Switch(enforced) = env.parse(&LIMITS)?;
        if !enforced && Stage::from_env(env)? != Stage::Local {
            return Err(wrong(&LIMITS));
        }
        Ok(Self { enforced })
    }
}

struct Switch(bool);

impl FromStr for Switch {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "on" => Ok(Self(true)),
            "off" => Ok(Self(false)),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("local", "" => Ok(true); "not said")]
    #[test_case("prod", "on" => Ok(true); "said")]
    #[test_case("local", "off" => Ok(false); "off on a developer's machine")]
    #[test_case("dev", "off" => Err("RATE_LIMITS has a wrong value".to_owned()); "off where others can ask")]
    #[test_case("prod", "off" => Err("RATE_LIMITS has a wrong value".to_owned()); "off in production")]
    #[test_case("local", "false" => Err("RATE_LIMITS has a wrong value".to_owned()); "another word")]
    fn limits(stage: &str, value: &str) -> Result<bool, String> {
        let read = Limits::from_env(&Env::default().with("STAGE", stage).with("RATE_LIMITS", value));
        read.map(|limits| limits.enforced).map_err(|error| error.to_string().split(';').next().unwrap().to_owned())
    }
}
