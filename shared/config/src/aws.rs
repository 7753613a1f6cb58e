//! AWS: region, tables, queues.

use url::Url;

use crate::Stage;
use crate::env::{ConfigError, Env, Variable, wrong};

const ENDPOINT: Variable = Variable {
    name: "AWS_ENDPOINT_URL",
    what: "Address of an AWS emulator, for local runs and tests; not set in AWS.",
    must: "an http or https address, and only with STAGE=local",
    default: None,
};
const REGION: Variable = Variable {
    name: "AWS_REGION",
    what: "Region; Lambda and ECS set it.",
    must: "an AWS region such as eu-central-1",
    default: Some("us-east-1"),
};
const LIVE_CALLS: Variable = Variable {
    name: "LIVE_CALLS_TABLE",
    what: "DynamoDB table that holds which cell owns which live call.",
    must: "the name of a DynamoDB table",
    default: Some("live-calls"),
};
const IDEMPOTENCY: Variable = Variable {
    name: "IDEMPOTENCY_TABLE",
    what: "DynamoDB table that holds what was answered to requests with an `Idempotency-Key`, for a day.",
    must: "the name of a DynamoDB table",
    default: Some("idempotency"),
};
const CONNECTIONS: Variable = Variable {
    name: "CONNECTIONS_TABLE",
    what: "DynamoDB table that holds who watches live updates.",
    must: "the name of a DynamoDB table",
    default: Some("connections"),
};
const PLACE_CALL_QUEUE: Variable = Variable {
    name: "PLACE_CALL_QUEUE_URL",
    what: "SQS queue of calls to place; cells with room read it.",
    must: "the address of an SQS queue",
    default: None,
};
const LOST_CALLS_QUEUE: Variable = Variable {
    name: "LOST_CALLS_QUEUE_URL",
    what: "SQS queue of calls that their cells lost, to be listened to again; every cell reads it.",
    must: "the address of an SQS queue",
    default: None,
};
const JOBS_QUEUE: Variable = Variable {
    name: "JOBS_QUEUE_URL",
    what: "SQS queue of what people are told, alerts and mails; the jobs function reads it.",
    must: "the address of an SQS queue",
    default: None,
};
const CHORES_QUEUE: Variable = Variable {
    name: "CHORES_QUEUE_URL",
    what: "SQS queue of work that takes its time, such as summaries; the chores function reads it.",
    must: "the address of an SQS queue",
    default: None,
};
const NEWS_QUEUE: Variable = Variable {
    name: "NEWS_QUEUE_URL",
    what: "SQS queue of what has changed, for live updates; the live function reads it.",
    must: "the address of an SQS queue",
    default: None,
};
const LIVE_ENDPOINT: Variable = Variable {
    name: "LIVE_ENDPOINT",
    what: "Where messages to the connections of the WebSocket API are handed over: its address and stage.",
    must: "an http or https address",
    default: None,
};

pub(crate) const VARIABLES: &[Variable] = &[
    ENDPOINT,
    REGION,
    LIVE_CALLS,
    IDEMPOTENCY,
    CONNECTIONS,
    PLACE_CALL_QUEUE,
    LOST_CALLS_QUEUE,
    JOBS_QUEUE,
    CHORES_QUEUE,
    NEWS_QUEUE,
    LIVE_ENDPOINT,
];

/// How AWS is reached.
#[derive(Clone, Debug)]
pub struct Aws {
    /// `AWS_ENDPOINT_URL`, optional.
    pub endpoint: Option<Url>,
    /// `AWS_REGION`, default `us-east-1`.
    pub region: String,
}

/// DynamoDB tables.
#[derive(Clone, Debug)]
pub struct Tables {
    /// `LIVE_CALLS_TABLE`, default `live-calls`.
    pub live_calls: String,
    /// `IDEMPOTENCY_TABLE`, default `idempotency`.
    pub idempotency: String,
    /// `CONNECTIONS_TABLE`, default `connections`.
    pub connections: String,
}

/// SQS queues.
#[derive(Clone, Debug)]
pub struct Queues {
    /// `PLACE_CALL_QUEUE_URL`, required.
    pub place_call: String,
    /// `LOST_CALLS_QUEUE_URL`, required.
    pub lost_calls: String,
    /// `JOBS_QUEUE_URL`, required.
    pub jobs: String,
    /// `CHORES_QUEUE_URL`, required.
    pub chores: String,
    /// `NEWS_QUEUE_URL`, required.
    pub news: String,
}

/// The WebSocket API.
#[derive(Clone, Debug)]
pub struct Live {
    /// `LIVE_ENDPOINT`, required by whatever sends messages to connections.
    pub endpoint: Url,
}

impl Live {
    /// Reads the section.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { endpoint: env.parse(&LIVE_ENDPOINT)? })
    }
}

impl Aws {
    /// Reads the section.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let endpoint = env.parse_optional(&ENDPOINT)?;
        // An emulator is spoken to with credentials that everybody knows.
        if endpoint.is_some() && Stage::from_env(env)? != Stage::Local {
            return Err(wrong(&ENDPOINT));
        }
        Ok(Self { endpoint, region: env.required(&REGION)?.to_owned() })
    }
}

impl Tables {
    /// Reads the section.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let name = |variable| env.required(variable).map(str::to_owned);
        Ok(Self { live_calls: name(&LIVE_CALLS)?, idempotency: name(&IDEMPOTENCY)?, connections: name(&CONNECTIONS)? })
    }
}

impl Queues {
    /// Reads the section.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let address = |variable| env.parse::<Url>(variable).map(String::from);
        Ok(Self {
            place_call: address(&PLACE_CALL_QUEUE)?,
            lost_calls: address(&LOST_CALLS_QUEUE)?,
            jobs: address(&JOBS_QUEUE)?,
            chores: address(&CHORES_QUEUE)?,
            news: address(&NEWS_QUEUE)?,
        })
    }
}
