//! Where a provider's keys come from: its discovery document names the place (`OpenID` Connect
//! Discovery 1.0).

use std::time::Duration;

use jiff::SignedDuration;
use reqwest::header::{AGE, CACHE_CONTROL, HeaderMap};
use reqwest::{StatusCode, redirect};
use serde::Deserialize;
use url::Url;

use super::key::{self, Key};

/// For both documents together; somebody waits in front of a screen.
const PATIENCE: Duration = Duration::from_secs(5);
/// Of that, to connect.
const CONNECTING: Duration = Duration::from_secs(3);
/// Bytes of the largest document that is read; those of Google and Microsoft have a few thousand.
const LARGEST: usize = 256 * 1024;
/// How long keys are kept when the provider does not say, or says longer.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);
/// How long when it says shorter: a provider that forbids keeping them must not make a fetch of
/// every sign-in.
const SHORTEST: SignedDuration = SignedDuration::from_mins(1);

/// Where a provider's keys come from.
pub(super) struct Source {
    http: reqwest::Client,
    discovery: String,
    issuer: String,
    encrypted: bool,
}

/// What was fetched.
pub(super) struct Fetched {
    /// At least one.
    pub(super) keys: Vec<Key>,
    /// How long they are good for.
    pub(super) lifetime: SignedDuration,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: Url,
}

impl Discovery {
    fn place_of_keys(&self, issuer: &str, encrypted: bool) -> Result<&str, &'static str> {
        if self.issuer != issuer {
            return Err("the discovery document is that of another issuer");
        }
        // A provider without encryption is a local one.
        if encrypted && self.jwks_uri.scheme() != "https" {
            return Err("the keys are not offered over https");
        }
        Ok(self.jwks_uri.as_str())
    }
}

impl Source {
    /// What documents are fetched with.
    ///
    /// # Panics
    /// When TLS was not [installed](crate::tls::install) before.
    pub(super) fn http() -> reqwest::Client {
        // Whoever could send us elsewhere could have us believe any key.
        let http = reqwest::Client::builder().connect_timeout(CONNECTING).redirect(redirect::Policy::none());
        http.build().expect("TLS is installed in main")
    }

    /// The provider that is `configured`, which calls itself `issuer`.
    pub(super) fn new(http: reqwest::Client, configured: &str, issuer: &str) -> Self {
        Self {
            http,
            discovery: format!("{configured}/.well-known/openid-configuration"),
            issuer: issuer.to_owned(),
            encrypted: configured.starts_with("https://"),
        }
    }

    /// The keys as they are now, or why they cannot be had.
    pub(super) async fn fetch(&self) -> Result<Fetched, String> {
        let fetched = tokio::time::timeout(PATIENCE, self.documents()).await;
        fetched.unwrap_or_else(|_| Err("timed out".to_owned()))
    }

    async fn documents(&self) -> Result<Fetched, String> {
        let (document, _) = self.get(&self.discovery).await?;
        let discovery: Discovery =
            serde_json::from_slice(&document).map_err(|_| "what should be a discovery document is none")?;
        let (set, lifetime) = self.get(discovery.place_of_keys(&self.issuer, self.encrypted)?).await?;
        let keys = key::read(&set).ok_or("what should be a set of keys is none")?;
        if keys.is_empty() { Err("none of the keys can be used".to_owned()) } else { Ok(Fetched { keys, lifetime }) }
    }

    async fn get(&self, url: &str) -> Result<(Vec<u8>, SignedDuration), String> {
        let mut answer = self.http.get(url).send().await.map_err(|error| kind_of(&error))?;
        if answer.status() != StatusCode::OK {
            return Err(format!("status {}", answer.status()));
        }
        let lifetime = lifetime(answer.headers());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| kind_of(&error))? {
            if body.len() + chunk.len() > LARGEST {
                return Err("an answer that is too large".to_owned());
            }
            body.extend_from_slice(&chunk);
        }
        Ok((body, lifetime))
    }
}

/// How long an answer may be kept (RFC 9111, 4.2.1), within our bounds.
fn lifetime(headers: &HeaderMap) -> SignedDuration {
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let named = lines.flat_map(|line| line.split(',')).filter_map(|directive| directive.trim().split_once('='));
    let mut ages = named.filter(|(name, _)| name.eq_ignore_ascii_case("max-age"));
    let seconds = ages.find_map(|(_, seconds)| seconds.trim_matches('"').parse::<u32>().ok());
    // What it spent in a cache on its way to us.
    let spent = headers.get(AGE).and_then(|age| age.to_str().ok()?.trim().parse::<u32>().ok()).unwrap_or(0);
    let left = |seconds: u32| SignedDuration::from_secs(seconds.saturating_sub(spent).into());
    seconds.map_or(LONGEST, left).clamp(SHORTEST, LONGEST)
}

fn kind_of(error: &reqwest::Error) -> &'static str {
    match error {
        error if error.is_timeout() => "timed out",
        error if error.is_connect() => "no connection",
        _ => "the connection broke",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("https://id.example", true, "https://keys.example/1" => Ok("https://keys.example/1"))]
    #[test_case("https://id.example", true, "http://keys.example/1" => Err("the keys are not offered over https"))]
    #[test_case("https://other.example", true, "https://keys.example/1" => Err("the discovery document is that of another issuer"))]
    #[test_case("http://127.0.0.1", false, "http://127.0.0.1/keys" => Ok("http://127.0.0.1/keys"); "a local provider")]
    fn where_the_keys_are(issuer: &str, encrypted: bool, jwks_uri: &'static str) -> Result<&'static str, &'static str> {
        let discovery = Discovery { issuer: issuer.to_owned(), jwks_uri: jwks_uri.parse().unwrap() };
        let configured = if encrypted { "https://id.example" } else { "http://127.0.0.1" };
        discovery.place_of_keys(configured, encrypted).map(|place| {
            assert_eq!(place, jwks_uri);
            jwks_uri
        })
    }

    #[test_case(&[] => 3600; "nothing is said")]
    #[test_case(&[("cache-control", "public, max-age=22000, must-revalidate")] => 3600; "longer than we want")]
    #[test_case(&[("cache-control", "private,Max-Age=\"900\"")] => 900; "shorter")]
    #[test_case(&[("cache-control", "max-age=900"), ("age", "300")] => 600; "some of it is over")]
    #[test_case(&[("cache-control", "max-age=900"), ("age", "1000")] => 60; "all of it is over")]
    #[test_case(&[("cache-control", "max-age=0")] => 60; "not at all")]
    #[test_case(&[("cache-control", "s-maxage=5")] => 3600; "for shared caches")]
    #[test_case(&[("cache-control", "max-age=soon")] => 3600; "no number")]
    fn how_long_keys_are_kept(headers: &[(&'static str, &'static str)]) -> i64 {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        lifetime(&headers.collect()).as_secs()
    }
}
