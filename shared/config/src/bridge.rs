//! The bridge as a process.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use domain::Secret;
use url::Url;

use crate::env::{ConfigError, Env, Variable, wrong};
use crate::pictures::is_bucket;

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

const DRAIN: Variable = Variable {
    name: "BRIDGE_DRAIN_SECONDS",
    what: "How long calls may go on after the bridge was asked to stop; Fargate kills it 120 seconds after that.",
    must: "a whole number from 0 to 7200",
    default: Some("95"),
};
const TRACES: Variable = Variable {
    name: "BRIDGE_TRACES",
    what: "Folder for traces of calls, which hold what was said; none are written when not set.",
    must: "a folder",
    default: None,
};
const RECORDINGS: Variable = Variable {
    name: "BRIDGE_RECORDINGS",
    what: "Where calls are recorded whose patients consented; none are when not set. Needs BRIDGE_RECORDING_KEY.",
    must: "a folder, or s3://bucket/prefix, together with BRIDGE_RECORDING_KEY",
    default: None,
};
const RECORDING_KEY: Variable = Variable {
    name: "BRIDGE_RECORDING_KEY",
    what: "Key that recordings are encrypted with.",
    must: "32 random bytes in base64",
    default: None,
};
const ECS_AGENT: Variable = Variable {
    name: "ECS_AGENT_URI",
    what: "Address of the ECS agent, which is asked to spare a task while calls run; ECS sets it.",
    must: "an http address",
    default: None,
};

const COLLECTOR: Variable = Variable {
    name: "OTEL_EXPORTER_OTLP_ENDPOINT",
    what: "Collector of OpenTelemetry traces, without `/v1/traces`; none are sent when not set.",
    must: "an http or https address",
    default: None,
};

pub(crate) const VARIABLES: &[Variable] =
    &[CELL, ROOM, HEALTH, LENGTH, RING, DRAIN, TRACES, RECORDINGS, RECORDING_KEY, ECS_AGENT, COLLECTOR];

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
    /// `BRIDGE_DRAIN_SECONDS`, default 95.
    pub drain: Duration,
    /// `BRIDGE_TRACES`, optional.
    pub traces: Option<PathBuf>,
    /// `BRIDGE_RECORDINGS`, optional.
    pub recordings: Option<Recordings>,
    /// `BRIDGE_RECORDING_KEY`; there whenever `recordings` is.
    pub recording_key: Option<Secret<[u8; 32]>>,
    /// `ECS_AGENT_URI`, optional.
    pub ecs_agent: Option<Url>,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`, optional.
    pub collector: Option<Url>,
}

/// Where recordings go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recordings {
    /// Into a folder.
    Folder(PathBuf),
    /// Into a bucket of S3, under a prefix without `/` at either end; it may be empty.
    Bucket {
        /// The bucket.
        bucket: String,
        /// The prefix.
        prefix: String,
    },
}

impl FromStr for Recordings {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let Some(rest) = text.strip_prefix("s3://") else {
            return if text.contains("://") { Err(()) } else { Ok(Self::Folder(text.into())) };
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.trim_matches('/').to_owned();
        if is_bucket(bucket) { Ok(Self::Bucket { bucket: bucket.to_owned(), prefix }) } else { Err(()) }
    }
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
        let recordings = env.parse_optional(&RECORDINGS)?;
        let recording_key = env.set(&RECORDING_KEY).map(key).transpose()?;
        // Nothing that was said is ever written down in the clear.
        if recordings.is_some() && recording_key.is_none() {
            return Err(wrong(&RECORDINGS));
        }
        Ok(Self {
            cell: cell.transpose()?,
            max_calls: env.parse_where(&ROOM, |room| (1..=1000).contains(room))?,
            health: env.parse(&HEALTH)?,
            max_call: seconds(&LENGTH, 60..=3300)?,
            ring: seconds(&RING, 5..=120)?,
            drain: seconds(&DRAIN, 0..=7200)?,
            traces: env.set(&TRACES).map(PathBuf::from),
            recordings,
            recording_key,
            ecs_agent: env.parse_optional(&ECS_AGENT)?,
            collector: env.parse_optional(&COLLECTOR)?,
        })
    }
}

fn key(text: &str) -> Result<Secret<[u8; 32]>, ConfigError> {
    let bytes = BASE64_STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(Secret::new).ok_or_else(|| wrong(&RECORDING_KEY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn nothing_is_kept_unless_somebody_says_so() {
        let bridge = Bridge::from_env(&Env::default()).unwrap();
        assert!(bridge.traces.is_none() && bridge.recordings.is_none() && bridge.ecs_agent.is_none());
        assert_eq!(bridge.drain, Duration::from_secs(95));
    }

    #[test_case("/var/recordings" => Some(Recordings::Folder("/var/recordings".into())); "a folder")]
    #[test_case("s3://my-bucket/calls/2026/" => Some(Recordings::Bucket { bucket: "my-bucket".into(), prefix: "calls/2026".into() }); "a bucket with a prefix")]
    #[test_case("s3://my-bucket" => Some(Recordings::Bucket { bucket: "my-bucket".into(), prefix: String::new() }); "a bucket")]
    #[test_case("s3://My_Bucket/x" => None; "no name of a bucket")]
    #[test_case("https://example.org/x" => None; "another address")]
    fn recordings(text: &str) -> Option<Recordings> {
        let env = Env::default().with("BRIDGE_RECORDINGS", text).with("BRIDGE_RECORDING_KEY", KEY);
        Bridge::from_env(&env).ok().and_then(|bridge| bridge.recordings)
    }

    #[test]
    fn recordings_need_a_key_and_a_whole_one() {
        let env = Env::default().with("BRIDGE_RECORDINGS", "/var/recordings");
        let error = Bridge::from_env(&env).unwrap_err().to_string();
        assert!(error.starts_with("BRIDGE_RECORDINGS "), "{error}");
        let error = Bridge::from_env(&env.clone().with("BRIDGE_RECORDING_KEY", "c2hvcnQ=")).unwrap_err().to_string();
        assert!(error.starts_with("BRIDGE_RECORDING_KEY ") && !error.contains("c2hvcnQ="), "{error}");
        let bridge = Bridge::from_env(&env.with("BRIDGE_RECORDING_KEY", KEY)).unwrap();
        assert!(bridge.recording_key.is_some());
        assert!(!format!("{bridge:?}").contains("AAEC"));
    }
}
