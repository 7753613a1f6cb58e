//! Signing in.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use domain::Secret;
use jiff::SignedDuration;

use crate::env::{ConfigError, Env, Variable, wrong};

const KEYS: Variable = Variable {
    name: "JWT_KEYS",
    what: "Keys of access tokens, newest first: the first one signs, all of them verify. Rotate by putting a new one in front and dropping the old one 30 minutes later.",
    must: "kid:seed pairs separated by commas, where seed is 32 random bytes in base64",
    default: None,
};

const DATA_KEYS: Variable = Variable {
    name: "DATA_KEYS",
    what: "Keys that seal second factors and make the tokens of mails, newest first: the first one seals, all of them open. A key that is dropped takes the second factors it sealed with it.",
    must: "kid:key pairs separated by commas, where key is 32 random bytes in base64",
    default: None,
};
const AUDIT_KEYS: Variable = Variable {
    name: "AUDIT_KEYS",
    what: "Keys that seal the audit trail, newest first. Keep a dropped one for the seven years of its records.",
    must: "kid:key pairs separated by commas, where key is 32 random bytes in base64",
    default: None,
};
const IDLE: Variable = Variable {
    name: "SESSION_IDLE_MINUTES",
    what: "How long a sign-in lives when nobody uses it; polling does not count as use.",
    must: "a whole number of minutes from 1 to 1440",
    default: Some("15"),
};

pub(crate) const VARIABLES: &[Variable] = &[KEYS, DATA_KEYS, AUDIT_KEYS, IDLE];

/// Signing in.
#[derive(Clone, Debug)]
pub struct Auth {
    /// `JWT_KEYS`, required: never empty, newest first, every `kid` once. Ed25519 private keys
    /// (RFC 8032, 5.1.5).
    pub keys: Vec<NamedKey>,
    /// `SESSION_IDLE_MINUTES`, default 15.
    pub idle: SignedDuration,
}

/// A key and its name.
#[derive(Clone, Debug)]
pub struct NamedKey {
    /// Its name, in everything that was made with it.
    pub kid: String,
    /// The key.
    pub key: Secret<[u8; 32]>,
}

/// `DATA_KEYS`, required: never empty, newest first, every `kid` once.
#[derive(Clone, Debug)]
pub struct DataKeys(pub Vec<NamedKey>);

/// `AUDIT_KEYS`, required: never empty, newest first, every `kid` once.
#[derive(Clone, Debug)]
pub struct AuditKeys(pub Vec<NamedKey>);

impl DataKeys {
    /// Reads the section.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        named_keys(env, &DATA_KEYS).map(Self)
    }
}

impl AuditKeys {
    /// Reads the section.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        named_keys(env, &AUDIT_KEYS).map(Self)
    }
}

impl Auth {
    /// Reads the section.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { keys: named_keys(env, &KEYS)?, idle: Self::idle(env)? })
    }

    /// How long a sign-in lives when nobody uses it, for what needs no keys.
    pub fn idle(env: &Env) -> Result<SignedDuration, ConfigError> {
        let minutes = env.parse_where(&IDLE, |minutes: &i64| (1..=1440).contains(minutes))?;
        Ok(SignedDuration::from_mins(minutes))
    }
}

fn named_keys(env: &Env, variable: &Variable) -> Result<Vec<NamedKey>, ConfigError> {
    let mut keys: Vec<NamedKey> = Vec::new();
    for pair in env.required(variable)?.split(',') {
        let key = parse(pair.trim()).ok_or_else(|| wrong(variable))?;
        if keys.iter().any(|other| other.kid == key.kid) {
            return Err(wrong(variable));
        }
        keys.push(key);
    }
    Ok(keys)
}

fn parse(pair: &str) -> Option<NamedKey> {
    let (kid, key) = pair.split_once(':')?;
    let named = (1..=32).contains(&kid.len()) && kid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let key: [u8; 32] = BASE64_STANDARD.decode(key).ok()?.try_into().ok()?;
    named.then(|| NamedKey { kid: kid.to_owned(), key: Secret::new(key) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    const SEED: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn keys(value: &str) -> Option<Vec<String>> {
        let auth = Auth::from_env(&Env::default().with("JWT_KEYS", value)).ok()?;
        Some(auth.keys.into_iter().map(|key| key.kid).collect())
    }

    #[test]
    fn the_first_key_signs() {
        assert_eq!(keys(&format!("2026-11:{SEED}, 2026-10:{SEED}")), Some(vec!["2026-11".into(), "2026-10".into()]));
    }

    #[test_case(""; "none")]
    #[test_case("a:short"; "a seed that is too short")]
    #[test_case("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="; "a seed without a name")]
    #[test_case("a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="; "a name twice")]
    fn bad_keys_stop_the_program(value: &str) {
        assert_eq!(keys(value), None);
    }
}
