//! The models: one that speaks, one that writes.

use std::str::FromStr;

use domain::Secret;
use domain::calls::Prices;
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

const DOLLARS: &str = "US dollars for a million tokens, with at most six decimals";
const TEXT_IN: Variable = Variable {
    name: "OPENAI_PRICE_TEXT_IN",
    what: "What the model that speaks costs for text it reads.",
    must: DOLLARS,
    default: Some("4.00"),
};
const CACHED_IN: Variable = Variable {
    name: "OPENAI_PRICE_CACHED_IN",
    what: "The same for text and sound that were in its cache.",
    must: DOLLARS,
    default: Some("0.40"),
};
const AUDIO_IN: Variable = Variable {
    name: "OPENAI_PRICE_AUDIO_IN",
    what: "The same for sound it hears.",
    must: DOLLARS,
    default: Some("32.00"),
};
const TEXT_OUT: Variable = Variable {
    name: "OPENAI_PRICE_TEXT_OUT",
    what: "The same for text it writes.",
    must: DOLLARS,
    default: Some("16.00"),
};
const AUDIO_OUT: Variable = Variable {
    name: "OPENAI_PRICE_AUDIO_OUT",
    what: "The same for sound it speaks.",
    must: DOLLARS,
    default: Some("64.00"),
};

pub(crate) const VARIABLES: &[Variable] = &[
    KEY,
    BASE_URL,
    TEXT_MODEL,
    REALTIME_URL,
    REALTIME_MODEL,
    VOICE,
    TEXT_IN,
    CACHED_IN,
    AUDIO_IN,
    TEXT_OUT,
    AUDIO_OUT,
];

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
    /// `OPENAI_PRICE_*`, by default those of `gpt-realtime`.
    pub prices: Prices,
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
            prices: Prices {
                text_in: price(env, &TEXT_IN)?,
                cached_in: price(env, &CACHED_IN)?,
                audio_in: price(env, &AUDIO_IN)?,
                text_out: price(env, &TEXT_OUT)?,
                audio_out: price(env, &AUDIO_OUT)?,
            },
        })
    }
}

/// A price in millionths of a dollar.
struct Dollars(u64);

impl FromStr for Dollars {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
        // A million dollars is no price.
        let sized = (1..=6).contains(&whole.len()) && part.len() <= 6;
        if !(sized && digits(whole) && digits(part)) {
            return Err(());
        }
        format!("{whole}{part:0<6}").parse().map(Self).map_err(drop)
    }
}

fn price(env: &Env, variable: &Variable) -> Result<u64, ConfigError> {
    env.parse::<Dollars>(variable).map(|dollars| dollars.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("4" => Some(4_000_000))]
    #[test_case("0.40" => Some(400_000))]
    #[test_case("0.000001" => Some(1))]
    #[test_case("0.0000001" => None; "too fine")]
    #[test_case("-1" => None; "negative")]
    #[test_case(".5" => None; "no whole part")]
    #[test_case("1e3" => None; "an exponent")]
    #[test_case("1234567" => None; "no price")]
    fn prices(text: &str) -> Option<u64> {
        text.parse::<Dollars>().ok().map(|dollars| dollars.0)
    }

    #[test]
    fn the_prices_of_the_usual_model_are_the_defaults() {
        let realtime = Realtime::from_env(&Env::default().with("OPENAI_API_KEY", "key")).unwrap();
        let prices = realtime.prices;
        let all = [prices.text_in, prices.cached_in, prices.audio_in, prices.text_out, prices.audio_out];
        assert_eq!(all, [4_000_000, 400_000, 32_000_000, 16_000_000, 64_000_000]);
    }
}
