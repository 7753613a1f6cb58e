//! Access tokens (JWT, `EdDSA`: RFC 8037) and refresh tokens (opaque).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::sessions::{ACCESS_LIFETIME, TokenHash};
use domain::{CaregiverId, Error, Random, Result, Secret, SessionId};
use ed25519_dalek::SigningKey;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What precedes the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410, section 7).
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// A token and when it ends.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token itself.
    pub token: Secret,
    /// When it ends.
    pub expires: Timestamp,
}

/// What a sign-in hands out.
#[derive(Clone, Debug)]
pub struct TokenPair {
    /// For every request, 30 minutes.
    pub access: Token,
    /// For the next pair, 30 days, once.
    pub refresh: Token,
}

/// What an access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenShown {
    /// The sign-in it was made for.
    pub session: SessionId,
    /// Whose.
    pub caregiver: CaregiverId,
    /// When it ends.
    pub expires: Timestamp,
}

/// Signs and verifies access tokens.
pub struct Tokens {
    newest: (String, EncodingKey),
    all: Vec<(String, DecodingKey)>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: CaregiverId,
    sid: SessionId,
    iat: i64,
    exp: i64,
    #[serde(rename = "type")]
    kind: Kind,
}

/// Tokens of another kind must never pass for one of these.
#[derive(Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Access,
}

impl Tokens {
    /// From the configured keys: the first signs, all verify.
    ///
    /// # Panics
    /// When there is no key; [`config::Auth`] never gives none.
    pub fn new(auth: &config::Auth) -> Self {
        let newest = auth.keys.first().expect("config::Auth refuses an empty list");
        let secret = [PKCS8.as_slice(), newest.key.expose()].concat();
        let public = |key: &config::NamedKey| SigningKey::from_bytes(key.key.expose()).verifying_key().to_bytes();
        Self {
            newest: (newest.kid.clone(), EncodingKey::from_ed_der(&secret)),
            all: auth.keys.iter().map(|key| (key.kid.clone(), DecodingKey::from_ed_der(&public(key)))).collect(),
        }
    }

    /// A new access token.
    pub fn sign(&self, session: SessionId, caregiver: CaregiverId, now: Timestamp) -> Result<Token> {
        let (kid, key) = &self.newest;
        let header = Header { kid: Some(kid.clone()), ..Header::new(Algorithm::EdDSA) };
        let expires = now + ACCESS_LIFETIME;
        let claims =
            Claims { sub: caregiver, sid: session, iat: now.as_second(), exp: expires.as_second(), kind: Kind::Access };
        let token = jsonwebtoken::encode(&header, &claims, key).map_err(|error| Error::internal(error.to_string()))?;
        Ok(Token { token: Secret::new(token), expires })
    }

    /// What an access token says.
    ///
    /// # Errors
    /// `token_invalid` when we did not sign it, `token_expired` when it is too old.
    pub fn verify(&self, token: &Secret, now: Timestamp) -> Result<TokenShown> {
        let invalid = || Error::unauthenticated("token_invalid", "Please sign in.");
        let header = jsonwebtoken::decode_header(token.expose()).map_err(|_| invalid())?;
        let key = self.all.iter().find(|(kid, _)| Some(kid) == header.kid.as_ref()).ok_or_else(invalid)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        // The time is an argument here, so that tests can turn it.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        let claims: Claims = jsonwebtoken::decode(token.expose(), &key.1, &validation).map_err(|_| invalid())?.claims;
        if claims.exp <= now.as_second() {
            return Err(Error::unauthenticated("token_expired", "Please sign in again."));
        }
        // What we signed is in range.
        let expires = Timestamp::from_second(claims.exp).map_err(|_| invalid())?;
        Ok(TokenShown { session: claims.sid, caregiver: claims.sub, expires })
    }
}

/// A refresh token: 256 random bits.
pub(super) fn random_token(random: &dyn Random) -> Secret {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    Secret::new(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// What is stored of a refresh token. It has 256 random bits, so one round of SHA-256 is enough.
pub(crate) fn hash(token: &Secret) -> TokenHash {
    Sha256::digest(token.expose().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::Env;
    use domain::Id;

    const OLD: &str = "old:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const NEW: &str = "new:HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn tokens(keys: &str) -> Tokens {
        Tokens::new(&config::Auth::from_env(&Env::default().with("JWT_KEYS", keys)).unwrap())
    }

    fn ids() -> (SessionId, CaregiverId) {
        (SessionId(Id::from_bytes([1; 12])), CaregiverId(Id::from_bytes([2; 12])))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_token_is_good_for_thirty_minutes() {
        let tokens = tokens(NEW);
        let token = tokens.sign(ids().0, ids().1, at(1_000_000)).unwrap();
        let shown = TokenShown { session: ids().0, caregiver: ids().1, expires: at(1_001_800) };
        assert_eq!(tokens.verify(&token.token, at(1_001_799)).unwrap(), shown);
        assert_eq!(tokens.verify(&token.token, at(1_001_800)).unwrap_err().code, "token_expired");
    }

    #[test]
    fn a_key_that_was_replaced_still_verifies_and_one_that_was_dropped_does_not() {
        let old = tokens(OLD).sign(ids().0, ids().1, at(0)).unwrap();
        assert!(tokens(&format!("{NEW},{OLD}")).verify(&old.token, at(1)).is_ok());
        assert_eq!(tokens(NEW).verify(&old.token, at(1)).unwrap_err().code, "token_invalid");
    }

    #[test]
    fn a_forged_token_is_refused() {
        let tokens = tokens(NEW);
        let good = tokens.sign(ids().0, ids().1, at(0)).unwrap().token.expose().clone();
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let (header, payload) = signed.split_once('.').unwrap();
        let none = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"new"}"#);
        let hs256 = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","kid":"new"}"#);
        let other = payload.replace('a', "b");
        for forged in [
            String::new(),
            "a.b.c".to_owned(),
            format!("{none}.{payload}."),
            format!("{hs256}.{payload}.{signature}"),
            format!("{header}.{other}.{signature}"),
            format!("{header}.{payload}."),
        ] {
            assert_eq!(tokens.verify(&Secret::new(forged), at(1)).unwrap_err().code, "token_invalid");
        }
    }
}
