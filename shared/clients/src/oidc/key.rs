//! The keys that a provider publishes (JWK, RFC 7517), as far as we use them.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// Bytes of the smallest RSA modulus that may sign (RFC 7518, 3.3).
const SMALLEST_RSA: usize = 256;

/// A key that signs id tokens.
pub(super) struct Key {
    pub(super) kid: String,
    /// The one algorithm it is used with. It follows from the key and not from a token: whoever
    /// may choose it could take a public key for a shared secret.
    pub(super) algorithm: Algorithm,
    pub(super) verifies: DecodingKey,
    /// Microsoft says of each key whose tokens it signs.
    pub(super) issuer: Option<String>,
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

/// The keys of a set that we can use; one that we cannot does not spoil the others. `None` when
/// this is no set.
pub(super) fn read(set: &[u8]) -> Option<Vec<Key>> {
    let published: Published = serde_json::from_slice(set).ok()?;
    Some(published.keys.into_iter().filter_map(usable).collect())
}

fn usable(published: Value) -> Option<Key> {
    let issuer = published.get("issuer").and_then(Value::as_str).map(str::to_owned);
    let jwk: Jwk = serde_json::from_value(published).ok()?;
    let signs = jwk.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    let verifies = |operations: &Vec<KeyOperations>| operations.contains(&KeyOperations::Verify);
    let may_verify = jwk.common.key_operations.as_ref().is_none_or(verifies);
    let algorithm = match &jwk.algorithm {
        // Four characters of base64 are three bytes.
        AlgorithmParameters::RSA(key) if key.n.len() * 3 / 4 >= SMALLEST_RSA => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        _ => return None,
    };
    let named = jwk.common.key_algorithm.is_none_or(|named| named == KeyAlgorithm::from(algorithm));
    let verifies = DecodingKey::from_jwk(&jwk).ok()?;
    let kid = jwk.common.key_id.filter(|kid| !kid.is_empty())?;
    (signs && may_verify && named).then_some(Key { kid, algorithm, verifies, issuer })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use serde_json::json;
    use test_case::test_case;

    /// A key of RSA with `changes`; `null` takes a member away.
    fn rsa(changes: Value) -> Value {
        let modulus = BASE64_URL_SAFE_NO_PAD.encode([0xff; 256]);
        let mut key = json!({ "kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256", "n": modulus, "e": "AQAB" });
        key.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        key.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        key
    }

    #[test_case(json!({}) => true; "as it should be")]
    #[test_case(json!({ "use": null, "alg": null }) => true; "that says little")]
    #[test_case(json!({ "key_ops": ["verify"] }) => true; "that verifies")]
    #[test_case(json!({ "key_ops": ["encrypt"] }) => false; "that does not")]
    #[test_case(json!({ "use": "enc" }) => false; "for encryption")]
    #[test_case(json!({ "use": "other" }) => false; "for something else")]
    #[test_case(json!({ "kid": null }) => false; "without a name")]
    #[test_case(json!({ "kid": "" }) => false; "with an empty name")]
    #[test_case(json!({ "alg": "RS512" }) => false; "for another algorithm")]
    #[test_case(json!({ "alg": "HS256" }) => false; "for a shared secret")]
    #[test_case(json!({ "n": "AQAB" }) => false; "too small")]
    #[test_case(json!({ "n": "?" }) => false; "not base64")]
    #[test_case(json!({ "kty": "oct", "k": "c2VjcmV0" }) => false; "a shared secret")]
    #[test_case(json!({ "kty": "EC", "crv": "P-384", "x": "AA", "y": "AA" }) => false; "another curve")]
    fn keys(changes: Value) -> bool {
        usable(rsa(changes)).is_some()
    }

    #[test]
    fn one_bad_key_does_not_spoil_the_others() {
        let set = json!({ "keys": [1, {}, { "kty": "lattice", "kid": "0" }, rsa(json!({}))] });
        let keys = read(set.to_string().as_bytes()).unwrap();
        assert_eq!(keys.iter().map(|key| key.kid.as_str()).collect::<Vec<_>>(), ["1"]);
        assert!(read(b"{}").is_none() && read(b"<html>").is_none());
    }
}
