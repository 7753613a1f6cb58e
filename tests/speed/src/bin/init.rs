//! How long each function takes from its start until it asks Lambda for its first request, beside one that does
//! nothing. Build first what it measures; see `docs/benchmarks.md`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and a failure is its end")]

use std::io::{BufRead as _, BufReader, ErrorKind};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 40;
/// The first one is what the others are compared with.
const FUNCTIONS: [&str; 12] = [
    "hello",
    "auth",
    "orgs",
    "patients",
    "alerts",
    "conversations",
    "privacy",
    "docs",
    "live-gateway",
    "live-push",
    "jobs-worker",
    "jobs-tick",
];
/// 32 bytes in base64.
const KEY: &str = "bench:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
/// What the template gives them. Nobody listens there: a start asks no server.
const VARIABLES: [(&str, &str); 17] = [
    ("STAGE", "local"),
    ("MONGODB_URI", "mongodb://127.0.0.1:1"),
    ("CACHE_URL", "redis://127.0.0.1:1"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ("AWS_REGION", "us-east-1"),
    ("JWT_KEYS", KEY),
    ("DATA_KEYS", KEY),
    ("AUDIT_KEYS", KEY),
    ("MAIL_FROM", "bianca@demo.example"),
    ("OPENAI_API_KEY", "bench"),
    ("PICTURES_BUCKET", "pictures"),
    ("PLACE_CALL_QUEUE_URL", "http://127.0.0.1:1/place-call"),
    ("LOST_CALLS_QUEUE_URL", "http://127.0.0.1:1/lost-calls"),
    ("JOBS_QUEUE_URL", "http://127.0.0.1:1/jobs"),
    ("CHORES_QUEUE_URL", "http://127.0.0.1:1/chores"),
    ("NEWS_QUEUE_URL", "http://127.0.0.1:1/news"),
    ("LIVE_ENDPOINT", "http://127.0.0.1:1/live"),
];
/// What Lambda gives every function.
const LAMBDA: [(&str, &str); 4] = [
    ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
];

fn main() {
    let folder = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let lambda = TcpListener::bind("127.0.0.1:0").unwrap();
    lambda.set_nonblocking(true).unwrap();
    let mut times = FUNCTIONS.map(|_| Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        // In turns, so that whatever else the machine does falls on all of them.
        for (name, times) in FUNCTIONS.iter().zip(&mut times) {
            times.push(start(&folder.join(name), &lambda));
        }
    }
    let [hello, ..] = times.each_mut().map(|times| {
        times.sort_unstable();
        times[ROUNDS / 2].as_secs_f64()
    });
    for (name, times) in FUNCTIONS.iter().zip(&times) {
        let [p50, p90] = [50, 90].map(|percent| times[ROUNDS * percent / 100].as_secs_f64());
        let (p50_ms, p90_ms, ratio) = (p50 * 1e3, p90 * 1e3, p50 / hello);
        println!("{name:<14} p50 {p50_ms:>6.2} ms   p90 {p90_ms:>6.2} ms   {ratio:>5.2} x hello");
    }
}

/// From the start of a function to its first request for work.
fn start(program: &Path, lambda: &TcpListener) -> Duration {
    let began = Instant::now();
    let mut command = Command::new(program);
    command.env_clear().envs(VARIABLES).envs(LAMBDA).stdout(Stdio::null());
    let mut running = command.env("AWS_LAMBDA_RUNTIME_API", lambda.local_addr().unwrap().to_string()).spawn().unwrap();
    let stream = loop {
        match lambda.accept() {
            Ok((stream, _)) => break stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                assert_eq!(running.try_wait().unwrap(), None, "{} ended by itself", program.display());
                std::hint::spin_loop();
            }
            Err(error) => panic!("{error}"),
        }
    };
    stream.set_nonblocking(false).unwrap();
    let mut asked = String::new();
    BufReader::new(stream).read_line(&mut asked).unwrap();
    let took = began.elapsed();
    running.kill().unwrap();
    running.wait().unwrap();
    assert!(asked.contains("/runtime/invocation/next"), "{} asked for {asked}", program.display());
    took
}
