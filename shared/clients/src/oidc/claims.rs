//! What an id token says, and whether it says it to us.

use config::SsoProvider;
use domain::Email;
use domain::caregivers::Provider;
use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use super::Failure;

/// Seconds that a provider's clock and ours may differ.
const LEEWAY: i64 = 60;
/// Seconds after which a token was not made for this sign-in. Microsoft dates its tokens back by
/// five minutes.
const OLDEST: i64 = 600;
/// `OpenID` Connect Core 1.0, section 2.
const LONGEST_SUBJECT: usize = 255;
/// Characters of a name that are kept.
const LONGEST_NAME: usize = 100;

/// The claims that are looked at. One that is there twice is refused.
#[derive(Deserialize)]
pub(super) struct Claims {
    pub(super) iss: Option<String>,
    tid: Option<String>,
    oid: Option<String>,
    sub: Option<String>,
    aud: Option<Audience>,
    azp: Option<String>,
    exp: Option<i64>,
    iat: Option<i64>,
    nbf: Option<i64>,
    nonce: Option<String>,
    email: Option<String>,
    email_verified: Option<Value>,
    xms_edov: Option<Value>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Claims {
    /// Whether the token was made for us, for this sign-in, and is of the present. Whoever issued
    /// it was checked before.
    pub(super) fn check(&self, ours: &[String], nonce: &str, now: i64) -> Result<(), Failure> {
        let rules = [
            ("audience", self.is_for(ours)),
            ("authorised_party", self.is_asked_for_by(ours)),
            ("expired", self.exp.is_some_and(|exp| now < exp.saturating_add(LEEWAY))),
            ("not_issued_yet", self.iat.is_some_and(|iat| iat <= now.saturating_add(LEEWAY))),
            ("too_old", self.iat.is_some_and(|iat| now <= iat.saturating_add(OLDEST))),
            ("not_valid_yet", self.nbf.is_none_or(|nbf| nbf <= now.saturating_add(LEEWAY))),
            ("nonce", self.answers(nonce)),
            ("subject", self.sub.as_deref().is_some_and(is_subject)),
        ];
        let broken = rules.into_iter().find(|(_, holds)| !holds);
        broken.map_or(Ok(()), |(reason, _)| Err(Failure::Refused(reason)))
    }

    fn is_for(&self, ours: &[String]) -> bool {
        match &self.aud {
            None => false,
            Some(Audience::One(audience)) => ours.contains(audience),
            Some(Audience::Several(audiences)) => audiences.iter().any(|audience| ours.contains(audience)),
        }
    }

    /// A token for several audiences must say which of them asked for it.
    fn is_asked_for_by(&self, ours: &[String]) -> bool {
        match (&self.azp, &self.aud) {
            (Some(party), _) => ours.contains(party),
            (None, Some(Audience::Several(audiences))) => audiences.len() == 1,
            (None, _) => true,
        }
    }

    fn answers(&self, nonce: &str) -> bool {
        let same = |said: &String| bool::from(said.as_bytes().ct_eq(nonce.as_bytes()));
        !nonce.is_empty() && self.nonce.as_ref().is_some_and(same)
    }

    /// The tenant of Microsoft that the account belongs to.
    pub(super) fn tenant(&self) -> Option<&str> {
        self.tid.as_deref().filter(|tid| SsoProvider::is_guid(tid))
    }

    /// What names the account for good.
    pub(super) fn subject(&self, provider: Provider) -> Result<String, Failure> {
        match provider {
            Provider::Google => self.sub.clone().ok_or(Failure::Refused("subject")),
            Provider::Microsoft => {
                let tenant = self.tenant().ok_or(Failure::Refused("tenant"))?;
                // Only in tokens that were asked for with the scope `profile`.
                let object = self.oid.as_deref().filter(|oid| SsoProvider::is_guid(oid));
                let object = object.ok_or(Failure::Refused("object_id"))?;
                Ok(format!("{tenant}.{object}"))
            }
        }
    }

    /// The address, if the provider vouches for it. In a token of Microsoft it is whatever an
    /// administrator of any tenant typed in (known as nOAuth), unless `xms_edov` says that the
    /// tenant owns the domain.
    pub(super) fn email(&self, provider: Provider) -> Option<Email> {
        let verified = self.email_verified == Some(Value::Bool(true));
        let owned = match &self.xms_edov {
            Some(Value::Bool(owned)) => *owned,
            Some(Value::Number(number)) => number.as_u64() == Some(1),
            Some(Value::String(text)) => text == "1",
            _ => false,
        };
        let vouched = verified || (provider == Provider::Microsoft && owned);
        self.email.as_ref().filter(|_| vouched)?.parse().ok()
    }

    /// On one line, without what does not show.
    pub(super) fn name(&self) -> Option<String> {
        let name = self.name.as_deref()?.split_whitespace().collect::<Vec<_>>().join(" ");
        let name: String = name.chars().filter(|character| !character.is_control()).take(LONGEST_NAME).collect();
        Some(name.trim().to_owned()).filter(|name| !name.is_empty())
    }
}

fn is_subject(sub: &str) -> bool {
    (1..=LONGEST_SUBJECT).contains(&sub.len()) && sub.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use test_case::test_case;

    fn name_of(name: &str) -> Option<String> {
        serde_json::from_value::<Claims>(json!({ "name": name })).unwrap().name()
    }

    #[test]
    fn a_name_is_one_line_of_bounded_length() {
        assert_eq!(name_of(" Nora\u{7}\r\n  Weiss ").unwrap(), "Nora Weiss");
        assert_eq!(name_of(&"ä".repeat(500)).unwrap().chars().count(), 100);
        assert_eq!(name_of(" \u{0}\n"), None);
    }

    #[test_case(Provider::Google, json!({ "email_verified": true }) => true)]
    #[test_case(Provider::Google, json!({ "email_verified": "true" }) => false; "a word")]
    #[test_case(Provider::Google, json!({ "email_verified": false }) => false)]
    #[test_case(Provider::Google, json!({ "xms_edov": true }) => false; "a claim of the other provider")]
    #[test_case(Provider::Google, json!({}) => false; "not a word of it")]
    #[test_case(Provider::Microsoft, json!({}) => false; "nor from the other")]
    #[test_case(Provider::Microsoft, json!({ "xms_edov": true }) => true)]
    #[test_case(Provider::Microsoft, json!({ "xms_edov": 1 }) => true)]
    #[test_case(Provider::Microsoft, json!({ "xms_edov": "1" }) => true)]
    #[test_case(Provider::Microsoft, json!({ "xms_edov": "0" }) => false)]
    #[test_case(Provider::Microsoft, json!({ "xms_edov": 0 }) => false)]
    #[test_case(Provider::Microsoft, json!({ "xms_edov": false }) => false)]
    #[test_case(Provider::Microsoft, json!({ "xms_edov": null }) => false)]
    #[test_case(Provider::Microsoft, json!({ "email_verified": true }) => true)]
    fn an_address_counts_only_when_it_is_vouched_for(provider: Provider, mut claims: Value) -> bool {
        claims["email"] = json!("Nora@Example.org");
        let claims: Claims = serde_json::from_value(claims).unwrap();
        claims.email(provider).is_some_and(|email| email.as_str() == "nora@example.org")
    }

    #[test]
    fn what_is_no_address_is_none() {
        let claims = json!({ "email": "live.com#nora", "email_verified": true });
        assert!(serde_json::from_value::<Claims>(claims).unwrap().email(Provider::Google).is_none());
    }
}
