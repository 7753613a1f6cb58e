//! How far behind a call a screen is: calls of the whole system on this machine, with the simulated model and telephone, watched
//! over a WebSocket and by asking for their status again and again. Build `local` first; see `docs/benchmarks.md`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and a failure is its end")]

mod transcript;

use std::collections::HashSet;
use std::process::Stdio;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// Calls that are watched, one after the other.
const CALLS: usize = 4;
/// Between two looks at a call's status, or at a screen.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The system, as a client knows it.
#[derive(Clone)]
struct Api {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Api {
    async fn get(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.token).send().await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token).json(body);
        request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }
}

#[tokio::main]
async fn main() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let local = std::env::current_exe().unwrap().with_file_name("local");
    let data = tempfile::tempdir().unwrap();
    let mut command = Command::new(local);
    command.args(["up", "--json", "--port", "0", "--data"]).arg(data.path()).kill_on_drop(true);
    let mut system = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(system.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    let up: Value = serde_json::from_str(&line).unwrap();
    let administrator = up["tokens"].as_object().unwrap().values().find(|login| login["role"] == "orgAdmin").unwrap();
    let api = Api {
        http: reqwest::Client::new(),
        url: up["api"].as_str().unwrap().to_owned(),
        token: administrator["token"].as_str().unwrap().to_owned(),
    };
    let (mut pushed, mut asked) = (Lags::default(), Lags::default());
    for _ in 0..CALLS {
        let patient = up["patients"][0]["id"].clone();
        let call = api.post("/v1/calls/initiate", &json!({ "patientId": patient })).await["callId"].clone();
        let call = call.as_str().unwrap();
        let (over_socket, by_asking) = tokio::join!(watch(&api, call), look(&api, call));
        pushed.add(over_socket);
        asked.add(by_asking);
        // A patient has one call at a time.
        while api.get(&format!("/v1/calls/{call}/status")).await["data"]["endTime"].is_null() {
            sleep(LOOK_EVERY).await;
        }
    }
    print("over the socket, who begins to speak is seen after", pushed.speaking);
    print("over the socket, the transcript is behind by", pushed.transcript);
    print("by asking every 100 ms, who begins to speak is seen after", asked.speaking);
    print("by asking every 100 ms, the transcript is behind by", asked.transcript);
    system.start_kill().unwrap();
}

fn print(what: &str, mut lags: Vec<i64>) {
    lags.sort_unstable();
    let at = |percent: usize| lags[(lags.len() - 1) * percent / 100];
    println!("{what}: p50 {} ms, p95 {} ms, slowest {} ms of {}", at(50), at(95), at(100), lags.len());
}

/// What was measured, in milliseconds.
#[derive(Default)]
struct Lags {
    /// From the moment at which somebody began to speak to when that was seen.
    speaking: Vec<i64>,
    /// What was said and not shown yet, at moments 100 ms apart while Bianca spoke.
    transcript: Vec<i64>,
}

impl Lags {
    fn add(&mut self, other: Self) {
        self.speaking.extend(other.speaking);
        self.transcript.extend(other.transcript);
    }
}

/// How old each beginning of speech is in milliseconds when it is seen for the first time.
#[derive(Default)]
struct Seen(HashSet<String>);

impl Seen {
    fn lags(&mut self, call: &Value) -> Vec<i64> {
        let now = Timestamp::now();
        let speaking = &call["aiSpeaking"];
        let begun = ["lastAiSpeechStart", "lastUserSpeechStart"].map(|name| speaking[name].as_str());
        let new = begun.into_iter().flatten().filter(|begun| self.0.insert((*begun).to_owned()));
        new.map(|begun| now.as_millisecond() - begun.parse::<Timestamp>().unwrap().as_millisecond()).collect()
    }
}

async fn watch(api: &Api, call: &str) -> Lags {
    let mut request = format!("{}/live", api.url.replace("http", "ws")).into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {}", api.token).parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let subscribe = json!({ "action": "subscribe", "topics": [format!("call:{call}")] }).to_string();
    socket.send(Message::Text(subscribe.into())).await.unwrap();
    let (mut seen, mut lags, mut screen) = (Seen::default(), Lags::default(), Value::Null);
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        let message = tokio::select! {
            _ = looks.tick() => {
                lags.transcript.extend(transcript::behind(&screen, Timestamp::now()));
                continue;
            }
            message = socket.next() => message,
        };
        let Some(Ok(message)) = message else { return lags };
        let Ok(text) = message.to_text() else { continue };
        let Ok(message) = serde_json::from_str::<Value>(text) else { continue };
        lags.speaking.extend(seen.lags(&message["call"]));
        if message["call"].is_object() {
            screen = message["call"].clone();
        }
        if screen["callStatus"] == "ended" {
            return lags;
        }
    }
}

async fn look(api: &Api, call: &str) -> Lags {
    let (mut seen, mut lags) = (Seen::default(), Lags::default());
    loop {
        let status = api.get(&format!("/v1/calls/{call}/status")).await;
        lags.speaking.extend(seen.lags(&status["data"]));
        lags.transcript.extend(transcript::behind(&status["data"], Timestamp::now()));
        if !status["data"]["endTime"].is_null() {
            return lags;
        }
        sleep(LOOK_EVERY).await;
    }
}
