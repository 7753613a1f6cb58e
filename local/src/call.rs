//! `call`: telephones a demo patient and prints what is said.

use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::house::House;
use crate::running::Running;
use crate::{Failure, Place, console, demo};

const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long the summary may take before we stop waiting for it: longer than its message stays hidden when whoever took it was lost.
const SUMMARY: Duration = Duration::from_mins(2);
/// How often something is read before it counts as failed.
const TRIES: u32 = 3;
/// A turn whose words never come does not hold up the ones after it for longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Calls a patient by name or id, prints the transcript as it grows and then the summary. Uses the
/// system that runs, or brings one up for the time of the call.
pub(crate) async fn call(patient: &str, place: &Place) -> Result<(), Failure> {
    if let Some(running) = Running::find(place).await {
        return converse(&running.api, patient).await;
    }
    console::note("nothing runs yet: bringing everything up for this call ...");
    let house = House::open(place, true).await?;
    let api = house.url();
    let done = tokio::select! {
        done = converse(&api, patient) => done,
        () = crate::up::asked_to_end() => Ok(()),
    };
    house.close().await;
    done
}

async fn converse(api: &str, patient: &str) -> Result<(), Failure> {
    let app = App::sign_in(api).await?;
    let (id, name) = app.find(patient).await?;
    let started = app.ask(Method::POST, "/v1/calls/initiate", Some(json!({ "patientId": id }))).await?;
    let call = started["callId"].as_str().unwrap_or_default().to_owned();
    console::note(&format!("calling {name} ..."));
    let mut transcript = Transcript::new(name);
    let mut last = String::new();
    loop {
        let seen = app.ask(Method::GET, &format!("/v1/calls/{call}/status"), None).await?["data"].take();
        let state = seen["callStatus"].as_str().unwrap_or_default();
        let over = !seen["endTime"].is_null();
        let messages = seen["messages"].as_array().map_or(&[] as &[Value], Vec::as_slice);
        if over {
            transcript.show(messages, over);
        }
        if state != last {
            console::note(&format!("[{}]", state.replace('_', " ")));
            state.clone_into(&mut last);
        }
        // The last words were shown before the end was told; everything else comes after its state.
        if over {
            break;
        }
        transcript.show(messages, over);
        tokio::time::sleep(LOOK_EVERY).await;
    }
    if last == "ended" { app.show_summary(&call).await } else { Ok(()) }
}

/// The API, signed in as the demo's administrator.
struct App {
    http: Client,
    api: String,
    token: String,
}

impl App {
    async fn sign_in(api: &str) -> Result<Self, Failure> {
        let mut app = Self { http: Client::new(), api: api.to_owned(), token: String::new() };
        let body = json!({ "email": demo::ADMIN, "password": demo::PASSWORD });
        let home = app.ask(Method::POST, "/v1/auth/login", Some(body)).await?;
        home["tokens"]["access"]["token"].as_str().unwrap_or_default().clone_into(&mut app.token);
        Ok(app)
    }

    /// An answer; what only reads is asked for again when the system is short of breath.
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        let mut left = if method == Method::GET { TRIES } else { 1 };
        loop {
            left -= 1;
            match self.once(method.clone(), path, body.as_ref()).await {
                Err((error, true)) if left > 0 => console::note(&format!("{error}; asking again ...")),
                answer => return answer.map_err(|(error, _)| error),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// An answer, or what went wrong and whether it may pass.
    async fn once(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, (Failure, bool)> {
        let mut request = self.http.request(method, format!("{}{path}", self.api)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.timeout(Duration::from_secs(30)).send().await.map_err(|error| (error.into(), true))?;
        let status = answer.status();
        let body = answer.json::<Value>().await;
        if status.is_success() {
            return body.map_err(|error| (format!("{path} answered {status}, but no JSON: {error}").into(), true));
        }
        let body = body.unwrap_or_default();
        let said = body["message"].as_str().unwrap_or("no reason was given");
        Err((format!("{path} answered {status}: {said}").into(), status.is_server_error()))
    }

    /// A patient by id, or by name without regard to case.
    async fn find(&self, wanted: &str) -> Result<(String, String), Failure> {
        let page = self.ask(Method::GET, "/v1/patients?limit=100", None).await?;
        let rows = page["results"].as_array().map_or(&[] as &[Value], Vec::as_slice);
        let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
        let is = |row: &&Value| text(row, "id") == wanted || text(row, "name").eq_ignore_ascii_case(wanted);
        let found = rows.iter().find(is).map(|row| (text(row, "id"), text(row, "name")));
        found.ok_or_else(|| {
            let names: Vec<_> = rows.iter().map(|row| text(row, "name")).collect();
            format!("there is no patient \"{wanted}\"; there are {}", names.join(", ")).into()
        })
    }

    async fn show_summary(&self, call: &str) -> Result<(), Failure> {
        let began = Instant::now();
        while began.elapsed() < SUMMARY {
            let conversation = self.ask(Method::GET, &format!("/v1/conversations/{call}"), None).await?;
            if let Some(summary) = conversation["history"].as_str() {
                console::say(&format!("\nSummary: {summary}"));
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err("the summary did not come in time; it will be there later".into())
    }
}

/// Prints turns in spoken order, each as it grows.
struct Transcript {
    name: String,
    /// Turns printed whole.
    done: usize,
    /// What of the next turn stands on the line.
    printed: String,
    waiting_since: Option<Instant>,
}

impl Transcript {
    const fn new(name: String) -> Self {
        Self { name, done: 0, printed: String::new(), waiting_since: None }
    }

    fn show(&mut self, messages: &[Value], over: bool) {
        while let Some(message) = messages.get(self.done) {
            let text = message["content"].as_str().unwrap_or_default();
            self.grow(message["role"].as_str().unwrap_or_default(), text);
            let complete = message["complete"].as_bool().unwrap_or_default();
            let stuck = self.waiting_since.is_some_and(|since| since.elapsed() > PATIENCE);
            let overtaken = messages.len() > self.done + 1 && stuck;
            if !(complete || over || overtaken) {
                self.waiting_since.get_or_insert_with(Instant::now);
                return;
            }
            if !self.printed.is_empty() {
                console::say("");
            }
            self.done += 1;
            self.printed.clear();
            self.waiting_since = None;
        }
    }

    fn grow(&mut self, role: &str, text: &str) {
        if text == self.printed || text.is_empty() {
            return;
        }
        let who = if role == "patient" { self.name.as_str() } else { "Bianca" };
        match text.strip_prefix(self.printed.as_str()) {
            Some(rest) if !self.printed.is_empty() => console::say_on(rest),
            // The words became others: she was interrupted, or they were understood anew.
            _ if !self.printed.is_empty() => console::say_on(&format!("\n{who:>8}: {text}")),
            _ => console::say_on(&format!("{who:>8}: {text}")),
        }
        text.clone_into(&mut self.printed);
    }
}
