//! Requests of the Asterisk REST Interface.

use std::fmt;
use std::time::Duration;

use domain::Secret;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::ari_event::{Bridge, Channel};

/// Asterisk sits next to us: a request that takes longer is lost.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Asterisk closes a connection that was idle for 15 s (`session_keep_alive` of `http.conf`). A request on its way at
/// that moment is lost, and one that dials cannot be repeated; so we are the first to close.
const IDLE_CONNECTIONS: Duration = Duration::from_secs(10);

/// Where Asterisk is and who we are to it.
#[derive(Debug, Clone)]
pub struct AriConfig {
    /// Base address, for example `http://127.0.0.1:8088/ari`.
    pub url: Url,
    /// User of `ari.conf`.
    pub user: String,
    /// That user's password.
    pub password: Secret,
    /// Stasis application.
    pub app: String,
}

impl From<&config::Asterisk> for AriConfig {
    fn from(section: &config::Asterisk) -> Self {
        Self {
            url: section.ari_url.clone(),
            user: section.ari_user.clone(),
            password: section.ari_password.clone(),
            app: section.app.clone(),
        }
    }
}

/// A request that Asterisk did not carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AriError {
    /// It answered with this status.
    Status {
        /// The HTTP status.
        status: u16,
        /// What was asked for; holds ids only.
        path: String,
    },
    /// It could not be reached, or did not do in time what it said it would; says which.
    Unreachable(&'static str),
    /// It answered, but cannot serve us; says why, without anything personal.
    Unfit(String),
}

impl AriError {
    /// What was asked about does not exist (any more).
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Status { status: 404, .. })
    }
}

impl fmt::Display for AriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, path } => write!(f, "Asterisk answered {path} with status {status}"),
            Self::Unreachable(why) => write!(f, "Asterisk cannot be reached: {why}"),
            Self::Unfit(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for AriError {}

/// Sends requests; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Rest {
    http: reqwest::Client,
    config: std::sync::Arc<AriConfig>,
}

/// The part of `GET /asterisk/info` that matters.
#[derive(Deserialize)]
struct Info {
    system: System,
}

#[derive(Deserialize)]
struct System {
    version: String,
}

#[derive(Deserialize)]
struct Variable {
    value: String,
}

impl Rest {
    pub(super) fn new(config: AriConfig) -> Result<Self, AriError> {
        // No proxy: Asterisk sits next to us, whatever the environment says about the way to others.
        let http = reqwest::Client::builder().timeout(REQUEST_TIMEOUT).pool_idle_timeout(IDLE_CONNECTIONS).no_proxy();
        let http = http.build().map_err(|_| AriError::Unfit("no client for the HTTP of Asterisk".to_owned()))?;
        Ok(Self { http, config: std::sync::Arc::new(config) })
    }

    pub(super) fn config(&self) -> &AriConfig {
        &self.config
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, AriError> {
        let request = self.http.get(self.config.at(path)).query(query);
        self.send(path, request).await?.json().await.map_err(unreachable)
    }

    pub(super) async fn create<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, AriError> {
        let request = self.http.post(self.config.at(path)).query(query);
        self.send(path, request).await?.json().await.map_err(unreachable)
    }

    pub(super) async fn post(&self, path: &str, query: &[(&str, &str)]) -> Result<(), AriError> {
        let request = self.http.post(self.config.at(path)).query(query);
        self.send(path, request).await.map(drop)
    }

    pub(super) async fn post_json(
        &self,
        path: &str,
        query: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<(), AriError> {
        let request = self.http.post(self.config.at(path)).query(query).json(body);
        self.send(path, request).await.map(drop)
    }

    pub(super) async fn delete(&self, path: &str) -> Result<(), AriError> {
        match self.send(path, self.http.delete(self.config.at(path))).await {
            Err(error) if error.is_absent() => Ok(()),
            other => other.map(drop),
        }
    }

    pub(super) async fn channels(&self) -> Result<Vec<Channel>, AriError> {
        self.get("channels", &[]).await
    }

    pub(super) async fn bridges(&self) -> Result<Vec<Bridge>, AriError> {
        self.get("bridges", &[]).await
    }

    pub(super) async fn version(&self) -> Result<String, AriError> {
        self.get::<Info>("asterisk/info", &[("only", "system")]).await.map(|info| info.system.version)
    }

    /// A variable of a channel; `None` when it is not set or the channel is gone.
    pub(super) async fn variable(&self, channel: &str, name: &str) -> Result<Option<String>, AriError> {
        match self.get::<Variable>(&format!("channels/{channel}/variable"), &[("variable", name)]).await {
            Ok(variable) => Ok(Some(variable.value).filter(|value| !value.is_empty())),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn send(&self, path: &str, request: reqwest::RequestBuilder) -> Result<reqwest::Response, AriError> {
        let request = request.basic_auth(&self.config.user, Some(self.config.password.expose()));
        let answer = request.send().await.map_err(unreachable)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(AriError::Status { status: answer.status().as_u16(), path: path.to_owned() })
    }
}

/// What of an error may be told: its text may hold an address with a patient's number in it.
fn unreachable(error: reqwest::Error) -> AriError {
    AriError::Unreachable(match error {
        error if error.is_connect() => "no connection",
        error if error.is_timeout() => "no answer in time",
        error if error.is_decode() => "its answer cannot be read",
        _ => "the connection broke",
    })
}

impl AriConfig {
    fn at(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            // Each part is escaped, so no id can reach another path.
            segments.pop_if_empty().extend(path.split('/'));
        }
        url
    }

    /// Where events come from. All of Asterisk's, because a call that was originated into the
    /// dialplan belongs to no application until it is answered; this Asterisk serves nobody else.
    pub(super) fn events_url(&self) -> Url {
        let mut url = self.at("events");
        socket(&mut url);
        let key = format!("{}:{}", self.user, self.password.expose());
        url.query_pairs_mut()
            .append_pair("app", &self.app)
            .append_pair("subscribeAll", "true")
            .append_pair("api_key", &key);
        url
    }

    /// Where the media channel with this connection id waits: beside ARI, on the same server.
    pub(super) fn media_url(&self, connection: &str) -> Url {
        let mut url = self.url.clone();
        socket(&mut url);
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().pop().extend(["media", connection]);
        }
        url
    }
}

fn socket(url: &mut Url) {
    let _ = url.set_scheme(if url.scheme() == "https" { "wss" } else { "ws" });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_reaches_another_path_and_media_waits_beside_ari() {
        let config = AriConfig {
            url: "https://asterisk/prefix/ari/".parse().unwrap(),
            user: "bianca".into(),
            password: Secret::new("a&b".to_owned()),
            app: "bianca".into(),
        };
        assert_eq!(config.at("channels/x?y#z").as_str(), "https://asterisk/prefix/ari/channels/x%3Fy%23z");
        assert_eq!(config.media_url("1-2").as_str(), "wss://asterisk/prefix/media/1-2");
        let events = "wss://asterisk/prefix/ari/events?app=bianca&subscribeAll=true&api_key=bianca%3Aa%26b";
        assert_eq!(config.events_url().as_str(), events);
    }
}
