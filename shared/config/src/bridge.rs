//! The bridge as a process.

use std::net::SocketAddr;
use std::time::Duration;

use crate::env::{ConfigError, Env, Variable};

const CELL: Variable = Variable {
    name: "BRIDGE_CELL",
    what: "Name of this cell, unique among those that run; made up at start when not set.",
    must: "1 to 64 letters, digits or -",
    default: None,
};
const ROOM: Variable = Variable {
    name: "BRIDGE_MAX_CALLS",
    what: "Calls this cell carries at once.",
    must: "a whole number from 1 to 1000",
    default: Some("100"),
};
const HEALTH: Variable = Variable {
    name: "BRIDGE_HEALTH_ADDR",
    what: "Where `/livez`, `/readyz` and `/metrics` are served.",
    must: "an address and port such as 0.0.0.0:8090",
    default: Some("127.0.0.1:8090"),
};
const LENGTH: Variable = Variable {
    name: "BRIDGE_MAX_CALL_SECONDS",
    what: "Longest call; a farewell is spoken before it is over.",
    must: "a whole number from 60 to 3300",
    default: Some("1800"),
};
const RING: Variable = Variable {
    name: "BRIDGE_RING_SECONDS",
    what: "How long a patient's phone rings before the call counts as not answered.",
    must: "a whole number from 5 to 120",
    default: Some("45"),
};

pub(crate) const VARIABLES: &[Variable] = &[CELL, ROOM, HEALTH, LENGTH, RING];

/// The bridge as a process.
#[derive(Clone, Debug)]
pub struct Bridge {
    /// `BRIDGE_CELL`, made up by the caller when absent.
    pub cell: Option<String>,
    /// `BRIDGE_MAX_CALLS`, default 100.
    pub max_calls: usize,
    /// `BRIDGE_HEALTH_ADDR`, default `127.0.0.1:8090`.
    pub health: SocketAddr,
    /// `BRIDGE_MAX_CALL_SECONDS`, default 1800; under the 60 minutes that a model session lives.
    pub max_call: Duration,
    /// `BRIDGE_RING_SECONDS`, default 45: long enough for someone who walks slowly.
    pub ring: Duration,
}

impl Bridge {
    /// Reads the section.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let cell = env.set(&CELL).map(|_| {
            env.parse_where(&CELL, |cell: &String| {
                cell.len() <= 64 && cell.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            })
        });
        let seconds = |variable, range: std::ops::RangeInclusive<u64>| {
            env.parse_where(variable, |seconds| range.contains(seconds)).map(Duration::from_secs)
        };
        Ok(Self {
            cell: cell.transpose()?,
            max_calls: env.parse_where(&ROOM, |room| (1..=1000).contains(room))?,
            health: env.parse(&HEALTH)?,
            max_call: seconds(&LENGTH, 60..=3300)?,
            ring: seconds(&RING, 5..=120)?,
        })
    }
}
