//! The form of an id token (JWS, RFC 7515) and its signature.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation};

use super::Failure;
use super::claims::Claims;
use super::key::Key;

/// Bytes of the longest token that is looked at; those of Google and Microsoft have one or two
/// thousand.
const LONGEST: usize = 16 * 1024;
/// What may have signed.
const ALGORITHMS: [Algorithm; 2] = [Algorithm::RS256, Algorithm::ES256];

/// What a token says of its key, before anything of it is believed.
pub(super) struct Header {
    pub(super) kid: String,
    algorithm: Algorithm,
}

/// Reads what the token says of its key.
pub(super) fn header(token: &str) -> Result<Header, Failure> {
    if token.len() > LONGEST {
        return Err(Failure::Refused("too_long"));
    }
    // An algorithm that the library does not know, `none` above all, ends here.
    let header = jsonwebtoken::decode_header(token).map_err(|_| Failure::Refused("malformed"))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Failure::Refused("algorithm"));
    }
    // An extension that must be understood: we understand none.
    if header.crit.is_some() {
        return Err(Failure::Refused("critical_header"));
    }
    // Other tokens of the same provider are signed with the same keys.
    if header.typ.is_some_and(|kind| !kind.eq_ignore_ascii_case("JWT")) {
        return Err(Failure::Refused("type"));
    }
    let kid = header.kid.filter(|kid| !kid.is_empty()).ok_or(Failure::Refused("no_key_id"))?;
    Ok(Header { kid, algorithm: header.alg })
}

/// What the token claims, if this key signed it.
pub(super) fn claims(token: &str, header: &Header, key: &Key) -> Result<Claims, Failure> {
    if header.algorithm != key.algorithm {
        return Err(Failure::Refused("algorithm_of_key"));
    }
    let mut validation = Validation::new(key.algorithm);
    // The time is an argument here, and audiences need more rules than the library has.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let decoded = jsonwebtoken::decode(token, &key.verifies, &validation);
    decoded.map(|decoded| decoded.claims).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => Failure::Refused("signature"),
        ErrorKind::Json(_) => Failure::Refused("claims"),
        _ => Failure::Refused("malformed"),
    })
}
