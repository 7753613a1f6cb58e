//! The text model: OpenAI's chat completions, or any server that speaks them.

use std::time::Duration;

use domain::{Error, Phi, Result, Secret};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};

/// A summary is a few sentences; a model that is slower than this is down.
const PATIENCE: Duration = Duration::from_secs(30);
/// Before it is asked a second time; after that the queue brings the job back.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest answer that is kept, in characters.
const LONGEST: usize = 4_000;

/// The text model.
#[derive(Clone)]
pub struct Text {
    http: reqwest::Client,
    endpoint: String,
    key: Secret,
    model: String,
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: [Message<'a>; 2],
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'a str,
    content: &'a str,
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Answer,
}

#[derive(Deserialize)]
struct Answer {
    content: Option<String>,
}

impl Text {
    /// The configured model. Connects when it is first asked.
    ///
    /// # Panics
    /// When TLS was not [installed](crate::tls::install) before.
    pub fn new(config: &config::Text) -> Self {
        let http = reqwest::Client::builder().timeout(PATIENCE).connect_timeout(Duration::from_secs(3)).build();
        Self {
            http: http.expect("TLS is installed in main"),
            endpoint: format!("{}/chat/completions", config.base_url.as_str().trim_end_matches('/')),
            key: config.api_key.clone(),
            model: config.model.clone(),
        }
    }

    /// What the model makes of `input` under `instructions`.
    ///
    /// # Errors
    /// [`Kind::Unavailable`](domain::Kind::Unavailable) when it may answer later (429, 5xx, no
    /// connection), [`Kind::Internal`](domain::Kind::Internal) when it will not (a wrong key or
    /// model, no text in the answer).
    pub async fn complete(&self, instructions: &str, input: &Phi<String>) -> Result<Phi<String>> {
        match self.attempt(instructions, input).await {
            Err(error) if error.is_passing() => {
                tracing::warn!(%error, "the text model is asked once more");
                tokio::time::sleep(PAUSE).await;
                self.attempt(instructions, input).await
            }
            other => other,
        }
    }

    async fn attempt(&self, instructions: &str, input: &Phi<String>) -> Result<Phi<String>> {
        let messages =
            [Message { role: "system", content: instructions }, Message { role: "user", content: input.reveal() }];
        let request = Request { model: &self.model, messages };
        let sent = self.http.post(&self.endpoint).bearer_auth(self.key.expose()).json(&request).send().await;
        let answer = sent.map_err(|error| Error::unavailable("text model", kind_of(&error)))?;
        let status = answer.status();
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            return Err(Error::unavailable("text model", format!("status {status}")));
        }
        if !status.is_success() {
            return Err(Error::internal(format!("the text model refused the request with status {status}")));
        }
        let completion: Completion =
            answer.json().await.map_err(|error| Error::unavailable("text model", kind_of(&error)))?;
        let text = completion.choices.into_iter().find_map(|choice| choice.message.content).unwrap_or_default();
        match text.trim() {
            "" => Err(Error::internal("the text model answered without text")),
            text => Ok(Phi::new(text.chars().take(LONGEST).collect())),
        }
    }
}

fn kind_of(error: &reqwest::Error) -> &'static str {
    match error {
        error if error.is_timeout() => "timed out",
        error if error.is_connect() => "no connection",
        error if error.is_decode() => "an answer that is no completion",
        _ => "the connection broke",
    }
}
