//! The models: one that speaks, one that writes.

use domain::Secret;
use url::Url;

use crate::env::{ConfigError, Env, Variable};

const KEY: Variable =
    Variable { name: "OPENAI_API_KEY", what: "Key of the OpenAI API.", must: "an OpenAI API key", default: None };
const BASE_URL: Variable = Variable {
    name: "OPENAI_BASE_URL",
    what: "Address of the text endpoints.",
    must: "an http or https address such as https://api.openai.com/v1",
    default: Some("https://api.openai.com/v1"),
};
const TEXT_MODEL: Variable = Variable {
    name: "OPENAI_TEXT_MODEL",
    what: "Model that writes summaries.",
    must: "the name of a model",
    default: Some("gpt-4o-mini"),
};
const REALTIME_URL: Variable = Variable {
    name: "OPENAI_REALTIME_URL",
    what: "Address of the Realtime API.",
    must: "a ws or wss address such as wss://api.openai.com/v1/realtime",
    default: Some("wss://api.openai.com/v1/realtime"),
};
const REALTIME_MODEL: Variable = Variable {
    name: "OPENAI_REALTIME_MODEL",
    what: "Model that speaks.",
    must: "the name of a realtime model",
    default: Some("gpt-realtime"),
};
const VOICE: Variable = Variable {
    name: "OPENAI_REALTIME_VOICE",
    what: "Voice that is heard.",
    must: "the name of a voice",
    default: Some("marin"),
};

pub(crate) const VARIABLES: &[Variable] = &[KEY, BASE_URL, TEXT_MODEL, REALTIME_URL, REALTIME_MODEL, VOICE];

/// The model that writes.
#[derive(Clone, Debug)]
pub struct Text {
    /// `OPENAI_API_KEY`, required.
    pub api_key: Secret,
    /// `OPENAI_BASE_URL`, default the public one.
    pub base_url: Url,
    /// `OPENAI_TEXT_MODEL`.
    pub model: String,
}

/// The model that speaks.
#[derive(Clone, Debug)]
pub struct Realtime {
    /// `OPENAI_API_KEY`, required.
    pub api_key: Secret,
    /// `OPENAI_REALTIME_URL`, default the public one.
    pub url: Url,
    /// `OPENAI_REALTIME_MODEL`.
    pub model: String,
    /// `OPENAI_REALTIME_VOICE`.
    pub voice: String,
}

impl Text {
    /// Reads the section.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let http = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        Ok(Self {
            api_key: env.secret(&KEY)?,
            base_url: env.parse_where(&BASE_URL, http)?,
            model: env.required(&TEXT_MODEL)?.to_owned(),
        })
    }
}

impl Realtime {
    /// Reads the section.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let socket = |url: &Url| matches!(url.scheme(), "ws" | "wss") && url.has_host();
        Ok(Self {
            api_key: env.secret(&KEY)?,
            url: env.parse_where(&REALTIME_URL, socket)?,
            model: env.required(&REALTIME_MODEL)?.to_owned(),
            voice: env.required(&VOICE)?.to_owned(),
        })
    }
}
