//! Signing in with an account of somebody else: Google, Microsoft.

use url::Url;

use crate::Stage;
use crate::env::{ConfigError, Env, Variable, wrong};

const GOOGLE_CLIENTS: Variable = Variable {
    name: "SSO_GOOGLE_CLIENT_IDS",
    what: "Client ids of our apps at Google, those of the web, of iOS and of Android: id tokens must be made for one of them. Not set: nobody signs in with Google.",
    must: "client ids separated by commas",
    default: None,
};
const GOOGLE_ISSUER: Variable = Variable {
    name: "SSO_GOOGLE_ISSUER",
    what: "Who issues the id tokens of Google.",
    must: "an https address without a query; http only with STAGE=local",
    default: Some(SsoProvider::GOOGLE),
};
const MICROSOFT_CLIENTS: Variable = Variable {
    name: "SSO_MICROSOFT_CLIENT_IDS",
    what: "The same for Microsoft. Their registrations must have the optional claims `email` and `xms_edov`: without them no address counts as verified.",
    must: "client ids separated by commas",
    default: None,
};
const MICROSOFT_ISSUER: Variable = Variable {
    name: "SSO_MICROSOFT_ISSUER",
    what: "Who issues the id tokens of Microsoft: `common` for every organisation and personal accounts, or the id of one tenant in its place.",
    must: "an https address that ends in /common/v2.0, or in /v2.0 after the id of a tenant; http only with STAGE=local",
    default: Some("https://login.microsoftonline.com/common/v2.0"),
};

pub(crate) const VARIABLES: &[Variable] = &[GOOGLE_CLIENTS, GOOGLE_ISSUER, MICROSOFT_CLIENTS, MICROSOFT_ISSUER];

/// With whose accounts people may sign in.
#[derive(Clone, Debug, Default)]
pub struct Sso {
    /// Google; `None` when it is switched off.
    pub google: Option<SsoProvider>,
    /// Microsoft; `None` when it is switched off.
    pub microsoft: Option<SsoProvider>,
}

/// Whose id tokens are believed, and which of them.
#[derive(Clone, Debug)]
pub struct SsoProvider {
    /// `SSO_*_CLIENT_IDS`: our apps at the provider. Never empty.
    pub client_ids: Vec<String>,
    /// `SSO_*_ISSUER`, without a slash at the end. That of Microsoft names `common` or one tenant.
    pub issuer: String,
}

impl SsoProvider {
    /// Google's own issuer.
    pub const GOOGLE: &'static str = "https://accounts.google.com";

    /// Whether this is an id as Microsoft writes those of tenants and accounts: a GUID in lower case.
    pub fn is_guid(text: &str) -> bool {
        let hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.split('-').all(hex)
    }
}

impl Sso {
    /// Reads the section.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            google: provider(env, &GOOGLE_CLIENTS, &GOOGLE_ISSUER, |_| true)?,
            microsoft: provider(env, &MICROSOFT_CLIENTS, &MICROSOFT_ISSUER, names_a_tenant)?,
        })
    }
}

fn provider(
    env: &Env,
    clients: &Variable,
    issuer: &Variable,
    shaped: impl Fn(&str) -> bool,
) -> Result<Option<SsoProvider>, ConfigError> {
    let local = Stage::from_env(env)? == Stage::Local;
    let address: Url = env.parse_where(issuer, |url: &Url| {
        // Over http anybody on the way could put keys of their own in place of the provider's.
        let carried = url.scheme() == "https" || (url.scheme() == "http" && local);
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        carried && url.has_host() && plain && url.password().is_none()
    })?;
    let address = address.as_str().trim_end_matches('/').to_owned();
    if !shaped(&address) {
        return Err(wrong(issuer));
    }
    let Some(list) = env.set(clients) else { return Ok(None) };
    let client_ids: Vec<String> = list.split(',').map(|id| id.trim().to_owned()).collect();
    let good = |id: &String| (1..=255).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    if client_ids.iter().all(good) {
        Ok(Some(SsoProvider { client_ids, issuer: address }))
    } else {
        Err(wrong(clients))
    }
}

fn names_a_tenant(issuer: &str) -> bool {
    let tenant = issuer.strip_suffix("/v2.0").and_then(|rest| rest.rsplit_once('/'));
    tenant.is_some_and(|(_, tenant)| tenant == "common" || SsoProvider::is_guid(tenant))
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    fn google(stage: &str, issuer: &str) -> Option<String> {
        let env = Env::default().with("STAGE", stage).with("SSO_GOOGLE_CLIENT_IDS", "web");
        let sso = Sso::from_env(&env.with("SSO_GOOGLE_ISSUER", issuer)).ok()?;
        sso.google.map(|google| google.issuer)
    }

    #[test]
    fn a_provider_without_client_ids_is_switched_off() {
        let sso = Sso::from_env(&Env::default().with("SSO_GOOGLE_CLIENT_IDS", " ")).unwrap();
        assert!(sso.google.is_none() && sso.microsoft.is_none());
    }

    #[test]
    fn client_ids_are_separated_by_commas() {
        let env = Env::default().with("SSO_GOOGLE_CLIENT_IDS", "web, ios ,android").with("STAGE", "prod");
        let google = Sso::from_env(&env).unwrap().google.unwrap();
        assert_eq!(google.client_ids, ["web", "ios", "android"]);
        assert_eq!(google.issuer, SsoProvider::GOOGLE);
    }

    #[test_case("web,"; "an empty one")]
    #[test_case(",,"; "nothing but empty ones")]
    #[test_case("web ios"; "two without a comma")]
    fn client_ids_that_are_none(list: &str) {
        let error = Sso::from_env(&Env::default().with("SSO_MICROSOFT_CLIENT_IDS", list)).unwrap_err().to_string();
        assert!(error.starts_with("SSO_MICROSOFT_CLIENT_IDS has a wrong value"), "{error}");
    }

    #[test_case("local", "http://127.0.0.1:4000/" => Some("http://127.0.0.1:4000".into()); "a local provider")]
    #[test_case("prod", "http://127.0.0.1:4000" => None; "a local provider in production")]
    #[test_case("dev", "http://accounts.google.com" => None; "in the clear")]
    #[test_case("prod", "https://id.example/a" => Some("https://id.example/a".into()); "with a path")]
    #[test_case("local", "ftp://127.0.0.1" => None; "another scheme")]
    #[test_case("local", "https://id.example?a=b" => None; "a query")]
    #[test_case("local", "https://a:b@id.example" => None; "credentials")]
    #[test_case("local", "accounts.google.com" => None; "no address")]
    fn issuers(stage: &str, issuer: &str) -> Option<String> {
        google(stage, issuer)
    }

    #[test_case("https://login.microsoftonline.com/common/v2.0" => true)]
    #[test_case("https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0" => true)]
    #[test_case("https://login.microsoftonline.com/organizations/v2.0" => false; "has an issuer of another name")]
    #[test_case("https://login.microsoftonline.com/9188040D-6C67-4C5B-B112-36A304B66DAD/v2.0" => false; "upper case")]
    #[test_case("https://login.microsoftonline.com/common" => false; "version 1")]
    #[test_case("https://login.microsoftonline.com" => false; "no tenant")]
    fn issuers_of_microsoft(issuer: &str) -> bool {
        let env = Env::default().with("SSO_MICROSOFT_CLIENT_IDS", "app").with("SSO_MICROSOFT_ISSUER", issuer);
        Sso::from_env(&env).is_ok()
    }
}
