//! Who may have issued a token, and with which of the published keys.

use config::SsoProvider;
use domain::caregivers::Provider;

use super::Failure;
use super::claims::Claims;
use super::key::Key;

/// What Microsoft writes in place of the tenant where it speaks of every tenant.
const TENANT: &str = "{tenantid}";

/// The issuer of a provider.
pub(super) struct Issuer {
    pub(super) provider: Provider,
    /// As its discovery document names it; that of Microsoft's `common` has [`TENANT`] in it.
    published: String,
}

impl Issuer {
    /// The configured one.
    pub(super) fn new(provider: Provider, configured: &str) -> Self {
        let published = match provider {
            Provider::Google => configured.to_owned(),
            Provider::Microsoft => configured.replace("/common/", &format!("/{TENANT}/")),
        };
        Self { provider, published }
    }

    /// As its discovery document names it.
    pub(super) fn published(&self) -> &str {
        &self.published
    }

    /// The issuer of this token, if it is one of ours and the key that signed is one of its keys.
    pub(super) fn of(&self, claims: &Claims, key: &Key) -> Result<String, Failure> {
        let iss = claims.iss.as_deref().ok_or(Failure::Refused("issuer"))?;
        match self.provider {
            Provider::Google => self.google(iss),
            Provider::Microsoft => self.microsoft(iss, claims.tenant(), key),
        }
    }

    /// Google leaves out the scheme in some tokens; that is the same issuer.
    fn google(&self, iss: &str) -> Result<String, Failure> {
        let bare = self.published == SsoProvider::GOOGLE && SsoProvider::GOOGLE.strip_prefix("https://") == Some(iss);
        if iss == self.published || bare { Ok(self.published.clone()) } else { Err(Failure::Refused("issuer")) }
    }

    /// The tenant, the issuer and the key must belong together: the keys of `common` are for every
    /// tenant but for the one that they name, and a token of one tenant must not pass for that of
    /// another (Microsoft identity platform, "Validate the issuer" and "Validate the signing key
    /// issuer").
    fn microsoft(&self, iss: &str, tenant: Option<&str>, key: &Key) -> Result<String, Failure> {
        let tenant = tenant.ok_or(Failure::Refused("tenant"))?;
        let of_tenant = |template: &str| template.replace(TENANT, tenant);
        if iss != of_tenant(&self.published) {
            return Err(Failure::Refused("issuer"));
        }
        // Where one tenant is configured.
        if !iss.contains(&format!("/{tenant}/")) {
            return Err(Failure::Refused("tenant"));
        }
        let signs = match &key.issuer {
            Some(issuer) => of_tenant(issuer) == iss,
            None => !self.published.contains(TENANT),
        };
        if signs { Ok(iss.to_owned()) } else { Err(Failure::Refused("key_of_another_issuer")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{Algorithm, DecodingKey};
    use serde_json::json;
    use test_case::test_case;

    const HOME: &str = "11111111-2222-3333-4444-555555555555";
    const AWAY: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

    fn of(provider: Provider, configured: &str, iss: &str, tid: Option<&str>, key: Option<&str>) -> Option<String> {
        let claims: Claims = serde_json::from_value(json!({ "iss": iss, "tid": tid })).unwrap();
        let verifies = DecodingKey::from_rsa_raw_components(&[], &[]);
        let issuer = key.map(str::to_owned);
        let key = Key { kid: "1".to_owned(), algorithm: Algorithm::RS256, verifies, issuer };
        Issuer::new(provider, configured).of(&claims, &key).ok()
    }

    #[test_case("https://accounts.google.com", "https://accounts.google.com" => true)]
    #[test_case("https://accounts.google.com", "accounts.google.com" => true; "without the scheme")]
    #[test_case("https://accounts.google.com", "https://accounts.google.com/" => false; "a slash more")]
    #[test_case("https://accounts.google.com", "https://accounts.google.com.evil.example" => false)]
    #[test_case("https://id.example", "https://id.example" => true; "another issuer")]
    #[test_case("https://id.example", "id.example" => false; "another issuer without the scheme")]
    #[test_case("https://id.example", "accounts.google.com" => false; "google where it is not configured")]
    fn google(configured: &str, iss: &str) -> bool {
        let found = of(Provider::Google, configured, iss, None, None);
        found.inspect(|issuer| assert_eq!(issuer, configured, "one account has one issuer")).is_some()
    }

    /// `$` stands for the address of the service.
    #[test_case("common", HOME, Some(HOME), Some("$/{tenantid}/v2.0") => true; "any tenant")]
    #[test_case("common", AWAY, Some(AWAY), Some("$/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0") => true; "a key of its own")]
    #[test_case("common", HOME, Some(HOME), Some("$/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0") => false; "the key of a tenant")]
    #[test_case("common", HOME, Some(HOME), None => false; "a key that is nobody's")]
    #[test_case("common", HOME, Some(AWAY), Some("$/{tenantid}/v2.0") => false; "the issuer of another tenant")]
    #[test_case("common", HOME, None, Some("$/{tenantid}/v2.0") => false; "no tenant")]
    #[test_case("common", "common", Some("common"), Some("$/{tenantid}/v2.0") => false; "a tenant that is none")]
    #[test_case("common", "{tenantid}", Some("{tenantid}"), Some("$/{tenantid}/v2.0") => false; "the template itself")]
    #[test_case(HOME, HOME, Some(HOME), Some("$/{tenantid}/v2.0") => true; "the one tenant")]
    #[test_case(HOME, HOME, Some(HOME), None => true; "the one tenant and its keys")]
    #[test_case(HOME, AWAY, Some(AWAY), Some("$/{tenantid}/v2.0") => false; "not the one tenant")]
    #[test_case(HOME, HOME, Some(AWAY), Some("$/{tenantid}/v2.0") => false; "says it is another")]
    fn microsoft(configured: &str, iss: &str, tid: Option<&str>, key: Option<&str>) -> bool {
        let service = "https://login.microsoftonline.com";
        let address = |tenant: &str| format!("{service}/{tenant}/v2.0");
        let key = key.map(|key| key.replace('$', service));
        of(Provider::Microsoft, &address(configured), &address(iss), tid, key.as_deref()).is_some()
    }
}
