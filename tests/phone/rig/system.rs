//! The whole system as its users have it: the `local` program, and its API over HTTP.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use config::Env;
use domain::alerts::Alert;
use domain::caregivers::{Caregiver, Credentials};
use domain::{CaregiverId, policy};
use jiff::Timestamp;
use local_servers::{Installation, Quiet, Servers, Storage, Wanted};
use openai_sim::SimConfig;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use services::CallCtx;
use store::mongo::Caregivers;
use tokio::time::timeout;

use super::model::Model;
use super::telephone::NUMBER;
use super::{asterisk, folder, until, variable};

/// How long a patient's phone rings here: the shortest that the bridge accepts.
pub const RINGS_FOR: Duration = Duration::from_secs(5);
/// How long the start may take on a machine that does other things as well.
const START: Duration = Duration::from_mins(2);

/// Who administrates the demo.
const ADMINISTRATOR: &str = "nora@demo.example";

/// What a test wants otherwise than usual.
#[derive(Default)]
pub struct Wishes {
    /// How the model behaves.
    pub model: SimConfig,
    /// Variables of the bridge.
    pub variables: Vec<(&'static str, &'static str)>,
    /// The bridge is a process of its own, which the test starts.
    pub no_bridge: bool,
}

/// A running system with servers of its own; whatever else runs on this machine is left alone.
pub struct System {
    /// The model.
    pub model: Model,
    /// What a bridge of its own runs with.
    pub bridge_environment: BTreeMap<String, String>,
    process: Child,
    http: Client,
    api: String,
    token: String,
    _servers: Servers,
}

impl System {
    /// Starts everything and signs in as the administrator.
    pub async fn start() -> Self {
        Self::with(Wishes::default()).await
    }

    /// The same, as the test wants it.
    pub async fn with(wishes: Wishes) -> Self {
        clients::tls::install();
        asterisk::clear().await;
        let servers = servers().await;
        let model = Model::start(wishes.model);
        let mut variables = variables(&servers, &model);
        variables.extend(wishes.variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        let mut process = spawn(&variables, wishes.no_bridge);
        let output = process.stdout.take().expect("it was piped");
        let reading = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(output).read_line(&mut line).map(|_| line)
        });
        let line = timeout(START, reading).await.expect("the system starts in time").unwrap().unwrap();
        let ready: Value = serde_json::from_str(&line).expect("the system starts; its log says why not");
        let logins = ready["tokens"].as_object().unwrap().values();
        let admin = logins.into_iter().find(|login| login["role"] == "orgAdmin").expect("there is an administrator");
        let text = |(name, value): (&String, &Value)| (name.clone(), value.as_str().unwrap().to_owned());
        variables.extend(ready["bridgeEnvironment"].as_object().unwrap().iter().map(text));
        Self {
            model,
            bridge_environment: variables,
            process,
            http: Client::new(),
            api: ready["api"].as_str().unwrap().to_owned(),
            token: admin["token"].as_str().unwrap().to_owned(),
            _servers: servers,
        }
    }

    /// A request to the API.
    pub async fn api(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.api)).bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.expect("the API answers");
        let status = answer.status();
        let body: Value = answer.json().await.expect("JSON");
        assert!(status.is_success(), "{path}: {status}: {body}");
        body
    }

    /// A new patient, who speaks English; gives the id.
    pub async fn patient(&self) -> String {
        self.patient_who_speaks("en").await
    }

    /// A new patient who speaks a language; gives the id.
    pub async fn patient_who_speaks(&self, language: &str) -> String {
        let patient = json!({ "name": "Ada", "phone": NUMBER, "preferredLanguage": language });
        let patient = self.api(Method::POST, "/v1/patients", Some(patient)).await;
        patient["id"].as_str().unwrap().to_owned()
    }

    /// Conversations of a patient.
    pub async fn conversations(&self, patient: &str) -> Vec<Value> {
        let page = self.api(Method::GET, &format!("/v1/patients/{patient}/conversations"), None).await;
        page["results"].as_array().unwrap().clone()
    }

    /// Asks for a call to a patient.
    pub async fn call(&self, patient: &str) -> Call<'_> {
        let asked = self.api(Method::POST, "/v1/calls/initiate", Some(json!({ "patientId": patient }))).await;
        assert_eq!((&asked["callStatus"], &asked["patientPhone"]), (&json!("initiating"), &json!(NUMBER)));
        Call { system: self, id: asked["callId"].as_str().unwrap().to_owned() }
    }

    /// The system's own store, for what no API shows.
    async fn ctx(&self) -> CallCtx {
        let env: Env = self.bridge_environment.clone().into_iter().collect();
        CallCtx::configured(&env).await.expect("the system's own variables are right")
    }

    /// Somebody of the demo's organisation can be called at this number: it counts as verified, which no API does yet.
    pub async fn caregiver_at(&self, number: &str) {
        let ctx = self.ctx().await;
        let (administrator, _) =
            ctx.store.caregivers().by_email(&ADMINISTRATOR.parse().unwrap()).await.unwrap().unwrap();
        let colleague = Caregiver {
            id: CaregiverId::generate(ctx.now(), &*ctx.random),
            email: "carol@demo.example".parse().unwrap(),
            phone: Some(number.parse().unwrap()),
            phone_verified: true,
            ..administrator
        };
        ctx.store
            .commit([Caregivers::seed(&colleague, &Credentials::default()).unwrap()])
            .await
            .expect("the database answers");
    }

    /// Alerts of a patient, newest first, as they are stored.
    pub async fn alerts(&self, patient: &str) -> Vec<Alert> {
        let ctx = self.ctx().await;
        let scope = policy::system("look at what a test has brought about");
        let patient = patient.parse().unwrap();
        ctx.store.alerts().open(&scope, patient, Timestamp::UNIX_EPOCH, 10).await.expect("the database answers")
    }

    /// Ends the system as Ctrl-C does. Nothing may be left of its calls, here or in Asterisk.
    pub async fn close(mut self) {
        let active = self.api(Method::GET, "/v1/calls/active", None).await;
        assert_eq!(active["count"], 0, "{active}");
        asterisk::is_empty().await;
        let asked = Command::new("kill").arg(self.process.id().to_string()).status();
        assert!(asked.expect("there is a kill").success());
        let process = std::cell::RefCell::new(&mut self.process);
        let status = until("the system ends", async || {
            process.borrow_mut().try_wait().expect("a child can be asked").ok_or_else(|| "it runs".to_owned())
        })
        .await;
        assert!(status.success(), "{status}");
    }
}

impl Drop for System {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A call that was asked for.
pub struct Call<'a> {
    system: &'a System,
    id: String,
}

impl Call<'_> {
    /// The call as a screen shows it while it runs, once `wanted` holds.
    pub async fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/v1/calls/{}/status", self.id);
        let look = async || {
            let status = self.system.api(Method::GET, &path, None).await["data"].clone();
            if wanted(&status) { Ok(status) } else { Err(status.to_string()) }
        };
        until(what, look).await
    }

    /// The call once it has come to this.
    pub async fn comes_to(&self, call_status: &str) -> Value {
        self.until(&format!("the call is {call_status}"), |status| status["callStatus"] == call_status).await
    }

    /// Hangs up, as a caregiver does.
    pub async fn end(&self) -> Value {
        self.system.api(Method::POST, &format!("/v1/calls/{}/end", self.id), Some(json!({}))).await
    }

    /// The conversation as it is now.
    pub async fn conversation(&self) -> Value {
        self.system.api(Method::GET, &format!("/v1/conversations/{}", self.id), None).await
    }

    /// The conversation with its summary, which is written after the call.
    pub async fn conversation_with_summary(&self) -> Value {
        let look = async || {
            let conversation = self.conversation().await;
            if conversation["history"].is_string() { Ok(conversation) } else { Err(conversation.to_string()) }
        };
        until("the summary is written", look).await
    }
}

/// Turns as pairs of speaker and words.
pub fn turns(conversation: &Value) -> Vec<(&str, &str)> {
    let messages = conversation["messages"].as_array().expect("messages");
    messages.iter().map(|turn| (turn["role"].as_str().unwrap(), turn["content"].as_str().unwrap())).collect()
}

async fn servers() -> Servers {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is a folder of the workspace");
    let installation = Installation::ensure(root, &Quiet).unwrap_or_else(|error| panic!("{error}"));
    let started = Servers::start(&installation, Wanted::ALL, Storage::Memory).await;
    started.unwrap_or_else(|error| panic!("{error}"))
}

/// What everything runs with beside what `tests/phone/run` has set.
fn variables(servers: &Servers, model: &Model) -> BTreeMap<String, String> {
    let ring = RINGS_FOR.as_secs().to_string();
    let variables = [
        ("STAGE", "local".to_owned()),
        ("MONGODB_URI", servers.mongodb_uri().expect("it was wanted").to_owned()),
        ("CACHE_URL", servers.cache_url().expect("it was wanted").to_owned()),
        ("AWS_ENDPOINT_URL", servers.aws_endpoint().expect("it was wanted").to_owned()),
        ("OPENAI_API_KEY", "simulated".to_owned()),
        ("OPENAI_REALTIME_URL", model.0.realtime_url()),
        ("OPENAI_BASE_URL", model.0.base_url()),
        ("BRIDGE_RING_SECONDS", ring),
        ("RUST_LOG", "info,api=warn".to_owned()),
    ];
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The program, with Asterisk as `tests/phone/run` has set it in the environment.
fn spawn(variables: &BTreeMap<String, String>, no_bridge: bool) -> Child {
    let log = folder("local").join("local.log");
    let log = File::create(log).expect("the folder of the run can be written");
    let mut command = Command::new(variable("LOCAL_BIN"));
    command.args(["--json", "--port", "0"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
    if no_bridge {
        command.arg("--no-bridge");
    }
    command.envs(variables).spawn().expect("LOCAL_BIN is the program `local`")
}
