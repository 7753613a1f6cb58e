//! Signing in with an account of somebody else: id tokens of Google and Microsoft (`OpenID` Connect
//! Core 1.0). The app gets the token from the provider, for a nonce that our API made; here it is
//! found out whether the provider made it, for us, for that nonce, and just now.

mod claims;
mod issuer;
mod key;
mod keys;
mod source;
mod token;

use std::cell::LazyCell;
use std::fmt;
use std::sync::Arc;

use domain::caregivers::{Provider, SsoLink};
use domain::{Email, Error, Result, Secret};
use jiff::Timestamp;

use self::issuer::Issuer;
use self::keys::Keys;
use self::source::Source;

/// Who somebody is, by the word of a provider.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who says so.
    pub provider: Provider,
    /// Names the account for good, among those of the provider: Google's `sub`; Microsoft's `tid`
    /// and `oid` with a dot between them. Microsoft's `sub` is another for each of our client ids,
    /// so that somebody would be two people on the web and on the telephone; `oid` is the same for
    /// all of them and, with the tenant, never given to anybody else.
    pub subject: String,
    /// The issuer. For Google always with `https://`, however the token spells it.
    pub issuer: String,
    /// The address, only when the provider vouches that it is theirs.
    pub email: Option<Email>,
    /// What they are called there.
    pub name: Option<String>,
}

impl Identity {
    /// The account at the provider, as accounts of ours are linked to it.
    pub fn link(&self) -> SsoLink {
        SsoLink { provider: self.provider, subject: self.subject.clone() }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// Why nobody was recognised.
#[derive(Debug)]
enum Failure {
    /// Something about the token is wrong: a code for the log, nothing of the token.
    Refused(&'static str),
    /// The keys that it would have to be verified with cannot be had.
    Unreachable(String),
}

/// Verifies id tokens.
#[derive(Clone)]
pub struct Oidc {
    google: Option<Arc<Trusted>>,
    microsoft: Option<Arc<Trusted>>,
}

/// A provider that is switched on.
struct Trusted {
    issuer: Issuer,
    client_ids: Vec<String>,
    keys: Keys,
}

impl Oidc {
    /// The configured providers. Connects when the first token is verified.
    ///
    /// # Panics
    /// When a provider is switched on and TLS was not [installed](crate::tls::install) before.
    pub fn new(config: &config::Sso) -> Self {
        let http = LazyCell::new(Source::http);
        let trusted = |provider, config: &config::SsoProvider| {
            let issuer = Issuer::new(provider, &config.issuer);
            let keys = Keys::new(Source::new(http.clone(), &config.issuer, issuer.published()));
            Arc::new(Trusted { issuer, client_ids: config.client_ids.clone(), keys })
        };
        Self {
            google: config.google.as_ref().map(|config| trusted(Provider::Google, config)),
            microsoft: config.microsoft.as_ref().map(|config| trusted(Provider::Microsoft, config)),
        }
    }

    /// Whose token this is. `nonce` is the one that our API made for this sign-in; the caller sees
    /// to it that it is used once.
    ///
    /// # Errors
    /// `sso_provider_unknown` when the provider is switched off, `sso_token_invalid` for whatever is
    /// wrong with the token (the log has a reason code),
    /// [`Kind::Unavailable`](domain::Kind::Unavailable) when the provider's keys cannot be fetched.
    pub async fn verify(&self, provider: Provider, id_token: &Secret, nonce: &str, now: Timestamp) -> Result<Identity> {
        let trusted = match provider {
            Provider::Google => self.google.as_deref(),
            Provider::Microsoft => self.microsoft.as_deref(),
        };
        let unknown = || Error::invalid("sso_provider_unknown", "Signing in with this provider is not offered.");
        let verified = trusted.ok_or_else(unknown)?.verify(id_token.expose(), nonce, now).await;
        verified.map_err(|failure| match failure {
            Failure::Refused(reason) => {
                tracing::info!(provider = provider.as_str(), reason, "an id token was refused");
                Error::unauthenticated("sso_token_invalid", "Signing in did not work. Please try again.")
            }
            Failure::Unreachable(cause) => Error::unavailable("sso provider", cause),
        })
    }
}

impl Trusted {
    async fn verify(&self, token: &str, nonce: &str, now: Timestamp) -> Result<Identity, Failure> {
        let header = token::header(token)?;
        let key = self.keys.find(&header.kid, now).await?;
        let claims = token::claims(token, &header, &key)?;
        let issuer = self.issuer.of(&claims, &key)?;
        claims.check(&self.client_ids, nonce, now.as_second())?;
        let provider = self.issuer.provider;
        let (subject, email, name) = (claims.subject(provider)?, claims.email(provider), claims.name());
        Ok(Identity { provider, subject, issuer, email, name })
    }
}
