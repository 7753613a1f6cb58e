//! Where the program runs.

use std::str::FromStr;

use crate::env::{ConfigError, Env, Variable};

/// Where the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// On a developer's machine, or in a test.
    Local,
    /// The shared development deployment.
    Dev,
    /// The rehearsal for production.
    Staging,
    /// Where patients are.
    Prod,
}

const STAGE: Variable = Variable {
    name: "STAGE",
    what: "Where the program runs. Anything but `local` refuses stand-ins, such as the simulated telephone.",
    must: "local, dev, staging or prod",
    default: Some("local"),
};

const LOG: Variable = Variable {
    name: "RUST_LOG",
    what: "Which log lines are written, as `tracing`'s filter has it.",
    must: "a filter such as info,bridge=debug",
    default: Some("info"),
};

pub(crate) const VARIABLES: &[Variable] = &[STAGE, LOG];

/// `RUST_LOG`, default `info`.
pub fn log_filter(env: &Env) -> String {
    env.get(&LOG).unwrap_or_default().to_owned()
}

impl Stage {
    /// `STAGE`, default `local`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        env.parse(&STAGE)
    }
}

impl FromStr for Stage {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "local" => Ok(Self::Local),
            "dev" => Ok(Self::Dev),
            "staging" => Ok(Self::Staging),
            "prod" => Ok(Self::Prod),
            _ => Err(()),
        }
    }
}
