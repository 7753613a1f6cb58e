//! Signing in.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use domain::Secret;

use crate::env::{ConfigError, Env, Variable, wrong};

const KEYS: Variable = Variable {
    name: "JWT_KEYS",
    what: "Keys of access tokens, newest first: the first one signs, all of them verify. Rotate by putting a new one in front and dropping the old one 30 minutes later.",
    must: "kid:seed pairs separated by commas, where seed is 32 random bytes in base64",
    default: None,
};

pub(crate) const VARIABLES: &[Variable] = &[KEYS];

/// Signing in.
#[derive(Clone, Debug)]
pub struct Auth {
    /// `JWT_KEYS`, required: never empty, newest first, every `kid` once.
    pub keys: Vec<SigningKey>,
}

/// A key of access tokens.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Its name, in the header of every token it signed.
    pub kid: String,
    /// The Ed25519 private key (RFC 8032, 5.1.5).
    pub seed: Secret<[u8; 32]>,
}

impl Auth {
    /// Reads the section.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let mut keys: Vec<SigningKey> = Vec::new();
        for pair in env.required(&KEYS)?.split(',') {
            let key = parse(pair.trim()).ok_or_else(|| wrong(&KEYS))?;
            if keys.iter().any(|other| other.kid == key.kid) {
                return Err(wrong(&KEYS));
            }
            keys.push(key);
        }
        Ok(Self { keys })
    }
}

fn parse(pair: &str) -> Option<SigningKey> {
    let (kid, seed) = pair.split_once(':')?;
    let named = (1..=32).contains(&kid.len()) && kid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let seed: [u8; 32] = BASE64_STANDARD.decode(seed).ok()?.try_into().ok()?;
    named.then(|| SigningKey { kid: kid.to_owned(), seed: Secret::new(seed) })
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
