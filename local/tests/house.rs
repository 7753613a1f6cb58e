//! The house as a person meets it: the program, its output, its end.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use local_servers::{Installation, Quiet, Servers, Storage, Wanted};
use serde_json::{Value, json};

fn local(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    // Whatever the person who runs the tests has set must not leak in.
    for name in ["MONGODB_URI", "CACHE_URL", "AWS_ENDPOINT_URL", "OPENAI_API_KEY", "ASTERISK_ARI_URL", "JWT_KEYS"] {
        command.env_remove(name);
    }
    command.env("BIANCA_TEST", "1").stdin(Stdio::null()).arg("--data").arg(data).arg("--port");
    command
}

/// A running house.
struct Up {
    process: Child,
    told: Value,
}

impl Up {
    fn start(data: &Path) -> Self {
        Self::of(local(data).arg("0").arg("--json"))
    }

    fn of(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not one line of JSON: {line:?}"));
        Self { process, told }
    }

    fn text(&self, name: &str) -> &str {
        self.told[name].as_str().unwrap_or_else(|| panic!("{name} is not told: {}", self.told))
    }

    fn token(&self, email: &str) -> &str {
        self.told["tokens"][email]["token"].as_str().unwrap()
    }

    /// Whether each of its servers takes connections.
    fn servers(&self) -> Vec<bool> {
        let takes = |name: &str| {
            let url = self.text(name);
            let (_, rest) = url.split_once("://").unwrap();
            TcpStream::connect(rest.split('/').next().unwrap()).is_ok()
        };
        ["api", "mongodb", "cache", "aws"].iter().map(|name| takes(name)).collect()
    }

    fn ask_to_end(&mut self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.process.wait().unwrap().success(), "it did not end in good order");
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A client; the provider of its cryptography is chosen once for the process.
fn client() -> reqwest::Client {
    clients::tls::install();
    reqwest::Client::new()
}

async fn ask(up: &Up, method: reqwest::Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let url = format!("{}{path}", up.text("api"));
    let mut request = client().request(method, url).bearer_auth(up.token("nora@demo.example"));
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

#[tokio::test]
async fn it_tells_where_everything_is_keeps_documents_over_a_restart_and_leaves_nothing_behind() {
    let data = tempfile::tempdir().unwrap();
    let mut up = Up::start(data.path());
    assert_eq!(up.told["patients"].as_array().unwrap().len(), 4);
    assert_eq!(up.told["tokens"].as_object().unwrap().len(), 3);
    assert_eq!(up.servers(), [true; 4]);
    let (status, _) = ask(&up, reqwest::Method::GET, "/v1/docs/openapi.json", None).await;
    assert_eq!(status, 200);
    let health = client().get(format!("http://{}/readyz", up.text("bridge"))).send().await.unwrap();
    assert_eq!(health.status(), 200);
    let new = json!({ "name": "Bo", "phone": "+15550100999" });
    assert_eq!(ask(&up, reqwest::Method::POST, "/v1/patients", Some(new)).await.0, 201);
    up.ask_to_end();
    assert_eq!(up.servers(), [false; 4]);

    let again = Up::start(data.path());
    let (_, page) = ask(&again, reqwest::Method::GET, "/v1/patients?name=Bo", None).await;
    assert_eq!(page["totalResults"], 1, "documents did not survive");
    let (_, all) = ask(&again, reqwest::Method::GET, "/v1/patients", None).await;
    assert_eq!(all["totalResults"], 5, "the demo was seeded twice");
}

#[test]
fn killed_without_mercy_it_leaves_no_server_behind() {
    let data = tempfile::tempdir().unwrap();
    let mut up = Up::start(data.path());
    up.process.kill().unwrap();
    up.process.wait().unwrap();
    eventually("servers outlive the program", || up.servers() == [false; 4]);
}

#[tokio::test]
async fn whoever_brings_all_servers_needs_no_python() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let installation = Installation::ensure(root, &Quiet).unwrap();
    let own = Servers::start(&installation, Wanted::ALL, Storage::Memory).await.unwrap();
    let data = tempfile::tempdir().unwrap();
    let mut command = local(data.path());
    command.arg("0").arg("--json").env("PATH", "/nowhere");
    command.env("MONGODB_URI", own.mongodb_uri().unwrap()).env("CACHE_URL", own.cache_url().unwrap());
    let up = Up::of(command.env("AWS_ENDPOINT_URL", own.aws_endpoint().unwrap()));
    assert_eq!(up.text("mongodb"), own.mongodb_uri().unwrap());
    assert_eq!(ask(&up, reqwest::Method::GET, "/v1/patients", None).await.1["totalResults"], 4);
    drop(up);
    own.shutdown().await;
}

#[test]
fn a_call_prints_both_sides_and_the_summary() {
    let data = tempfile::tempdir().unwrap();
    let output = local(data.path()).arg("0").args(["call", "ada", "--port", "0", "--data"]).arg(data.path()).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}: {}{said}", output.status, stderr(&output));
    let line = |text: &str| said.lines().position(|line| line.trim_start().starts_with(text));
    let (bianca, ada, summary) = (line("Bianca: "), line("Ada: "), line("Summary: "));
    assert!(bianca.is_some() && bianca < ada && ada < summary, "{said}");
    for text in openai_sim::speech::patient("en").iter().chain(openai_sim::speech::assistant("en")) {
        assert!(said.contains(text.text), "{:?} is missing in {said}", text.text);
    }
}

#[test]
fn what_is_wrong_is_one_line_that_says_what_to_do() {
    let data = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = local(data.path()).arg(port).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.starts_with("error: 127.0.0.1:") && said.contains("--port"), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");

    let output = local(data.path()).arg("0").env("JWT_KEYS", "nonsense").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.trim_end().lines().last().unwrap().starts_with("JWT_KEYS has a wrong value; it must be"), "{said}");
}

#[test]
fn a_patient_nobody_knows_is_told_with_those_there_are() {
    let data = tempfile::tempdir().unwrap();
    let output = local(data.path()).arg("0").args(["call", "Zoe", "--port", "0", "--data"]).arg(data.path()).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("there is no patient \"Zoe\"; there are Ada, Carmen, Odette, Hanna"));
}
