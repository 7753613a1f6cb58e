//! How calls reach the telephone network.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use domain::{Phone, Secret};
use url::Url;

use crate::env::{ConfigError, Env, Variable};

const ARI_URL: Variable = Variable {
    name: "ASTERISK_ARI_URL",
    what: "Base address of Asterisk's REST interface. Not set on a developer's machine: then patients are simulated telephones.",
    must: "an http or https address such as http://127.0.0.1:8088/ari",
    default: None,
};
const ARI_USER: Variable = Variable {
    name: "ASTERISK_ARI_USER",
    what: "User of the REST interface.",
    must: "a user name of ari.conf",
    default: Some("bianca"),
};
const ARI_PASSWORD: Variable = Variable {
    name: "ASTERISK_ARI_PASSWORD",
    what: "Password of the REST interface.",
    must: "that user's password",
    default: None,
};
const APP: Variable = Variable {
    name: "ASTERISK_APP",
    what: "Name of the Stasis application that calls enter.",
    must: "the name of a Stasis application",
    default: Some("bianca"),
};
const TRUNK: Variable = Variable {
    name: "ASTERISK_TRUNK",
    what: "Dial string of the trunk; `{number}` becomes the E.164 number.",
    must: "a dial string that contains {number}, such as PJSIP/{number}@trunk",
    default: Some("PJSIP/{number}@trunk"),
};
const MEDIA: Variable = Variable {
    name: "ASTERISK_MEDIA",
    what: "How sound travels between Asterisk and the bridge.",
    must: "rtp or websocket",
    default: Some("rtp"),
};
const CODEC: Variable = Variable {
    name: "ASTERISK_CODEC",
    what: "Codec of the sound, the same as the trunk's: sound passes through untouched.",
    must: "ulaw or alaw",
    default: Some("ulaw"),
};
const CONTEXT: Variable = Variable {
    name: "ASTERISK_CONTEXT",
    what: "Dialplan context that calls to patients enter when they are answered; the application itself when not set.",
    must: "the name of a dialplan context",
    default: None,
};
const DOWNSTREAM: Variable = Variable {
    name: "ASTERISK_DOWNSTREAM_MS",
    what: "Milliseconds from the bridge's wire to the patient's ear; what was heard is counted with it.",
    must: "a whole number from 0 to 500",
    default: Some("60"),
};
const RTP_BIND: Variable = Variable {
    name: "ASTERISK_RTP_BIND",
    what: "Address on which the bridge receives sound; Asterisk must reach it.",
    must: "an IP address of this machine",
    default: Some("127.0.0.1"),
};
const CALLER_ID: Variable = Variable {
    name: "ASTERISK_CALLER_ID",
    what: "Number that patients see when they are called; the trunk's own when not set.",
    must: "a phone number in international form",
    default: None,
};

pub(crate) const VARIABLES: &[Variable] =
    &[ARI_URL, ARI_USER, ARI_PASSWORD, APP, TRUNK, MEDIA, CODEC, CONTEXT, DOWNSTREAM, RTP_BIND, CALLER_ID];

/// How calls reach the telephone network.
#[derive(Clone, Debug)]
pub struct Asterisk {
    /// `ASTERISK_ARI_URL`, required by the bridge outside `STAGE=local`.
    pub ari_url: Url,
    /// `ASTERISK_ARI_USER`, default `bianca`.
    pub ari_user: String,
    /// `ASTERISK_ARI_PASSWORD`, required.
    pub ari_password: Secret,
    /// `ASTERISK_APP`, default `bianca`.
    pub app: String,
    /// `ASTERISK_TRUNK`, default `PJSIP/{number}@trunk`.
    pub trunk: DialString,
    /// `ASTERISK_MEDIA`, default `rtp`.
    pub media: Media,
    /// `ASTERISK_CODEC`, default `ulaw`.
    pub codec: Codec,
    /// `ASTERISK_CONTEXT`, optional.
    pub context: Option<String>,
    /// `ASTERISK_DOWNSTREAM_MS`, default 60 ms.
    pub downstream: Duration,
    /// `ASTERISK_RTP_BIND`, default loopback: Asterisk runs in the same task.
    pub rtp_bind: IpAddr,
    /// `ASTERISK_CALLER_ID`, optional.
    pub caller_id: Option<Phone>,
}

impl Asterisk {
    /// Reads the section; `None` when `ASTERISK_ARI_URL` is not set.
    pub fn from_env(env: &Env) -> Result<Option<Self>, ConfigError> {
        if env.set(&ARI_URL).is_none() { Ok(None) } else { Self::required(env).map(Some) }
    }

    /// Reads the section, which must be there.
    pub fn required(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            ari_url: env
                .parse_where(&ARI_URL, |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host())?,
            ari_user: env.required(&ARI_USER)?.to_owned(),
            ari_password: env.secret(&ARI_PASSWORD)?,
            app: env.required(&APP)?.to_owned(),
            trunk: env.parse(&TRUNK)?,
            media: env.parse(&MEDIA)?,
            codec: env.parse(&CODEC)?,
            context: env
                .set(&CONTEXT)
                .map(|_| {
                    env.parse_where(&CONTEXT, |name: &String| {
                        name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
                    })
                })
                .transpose()?,
            downstream: env.parse_where(&DOWNSTREAM, |ms| (0..=500).contains(ms)).map(Duration::from_millis)?,
            rtp_bind: env.parse(&RTP_BIND)?,
            caller_id: env.parse_optional(&CALLER_ID)?,
        })
    }
}

/// How sound travels between Asterisk and the bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// RTP through externalMedia.
    Rtp,
    /// A WebSocket through `chan_websocket`.
    WebSocket,
}

impl FromStr for Media {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "rtp" => Ok(Self::Rtp),
            "websocket" => Ok(Self::WebSocket),
            _ => Err(()),
        }
    }
}

/// How sound is coded: G.711 in one of its two laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// As in North America and Japan.
    Ulaw,
    /// As in Europe and most of the world.
    Alaw,
}

impl FromStr for Codec {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "ulaw" => Ok(Self::Ulaw),
            "alaw" => Ok(Self::Alaw),
            _ => Err(()),
        }
    }
}

/// An Asterisk dial string with a place for the number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialString(String);

impl DialString {
    /// The dial string for a number; `Phone` holds nothing but `+` and digits, so it cannot break out.
    pub fn with(&self, number: &Phone) -> String {
        self.0.replace("{number}", number.as_str())
    }
}

impl FromStr for DialString {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let technology = text.split_once('/').is_some_and(|(technology, _)| !technology.is_empty());
        if technology && text.contains("{number}") { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_takes_its_place_in_the_dial_string() {
        let trunk: DialString = "PJSIP/{number}@trunk".parse().unwrap();
        assert_eq!(trunk.with(&"+15550100123".parse().unwrap()), "PJSIP/+15550100123@trunk");
        assert!("PJSIP/trunk".parse::<DialString>().is_err());
    }

    #[test]
    fn without_an_address_there_is_no_asterisk_and_with_one_a_password_is_needed() {
        assert!(Asterisk::from_env(&Env::default()).unwrap().is_none());
        let env = Env::default().with("ASTERISK_ARI_URL", "http://127.0.0.1:8088/ari");
        let error = Asterisk::from_env(&env).unwrap_err().to_string();
        assert!(error.starts_with("ASTERISK_ARI_PASSWORD is not set"), "{error}");
        assert!(Asterisk::from_env(&env.with("ASTERISK_ARI_PASSWORD", "x")).unwrap().is_some());
    }

    #[test]
    fn sound_travels_as_it_is_said() {
        let env =
            Env::default().with("ASTERISK_ARI_URL", "http://127.0.0.1:8088/ari").with("ASTERISK_ARI_PASSWORD", "x");
        let usual = Asterisk::required(&env).unwrap();
        assert_eq!((usual.media, usual.codec, usual.context.as_deref()), (Media::Rtp, Codec::Ulaw, None));
        assert_eq!(usual.downstream, Duration::from_millis(60));
        let other = env
            .clone()
            .with("ASTERISK_MEDIA", "websocket")
            .with("ASTERISK_CODEC", "alaw")
            .with("ASTERISK_CONTEXT", "to-patients")
            .with("ASTERISK_DOWNSTREAM_MS", "0");
        let other = Asterisk::required(&other).unwrap();
        assert_eq!((other.media, other.codec), (Media::WebSocket, Codec::Alaw));
        assert_eq!((other.context.as_deref(), other.downstream), (Some("to-patients"), Duration::ZERO));
        for (name, wrong) in [
            ("ASTERISK_MEDIA", "audiosocket"),
            ("ASTERISK_CODEC", "opus"),
            ("ASTERISK_CONTEXT", "a,b"),
            ("ASTERISK_DOWNSTREAM_MS", "501"),
        ] {
            let error = Asterisk::required(&env.clone().with(name, wrong)).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }
}
