//! What a person reads when the machine lacks something. A second copy of this test program plays the machine.

use std::path::Path;
use std::process::Command;

use local_servers::{Installation, Quiet};

/// Names the workspace for the copy.
const ROOT: &str = "LOCAL_SERVERS_TEST_ROOT";

#[test]
#[ignore = "started by the other tests of this file"]
fn installer() {
    let root = std::env::var(ROOT).unwrap();
    let error = Installation::ensure(Path::new(&root), &Quiet).unwrap_err().to_string();
    panic!("said: {error}");
}

/// What `Installation::ensure` says in a fresh folder with this environment.
fn said(environment: &[(&str, &str)]) -> String {
    let root = tempfile::tempdir().unwrap();
    let mut copy = Command::new(std::env::current_exe().unwrap());
    copy.args(["--exact", "installing::installer", "--ignored", "--nocapture"]).env(ROOT, root.path());
    let output = copy.envs(environment.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("said: ")).map(str::to_owned);
    line.unwrap_or_else(|| panic!("no error: {text}"))
}

#[test]
fn without_python() {
    let line = said(&[("PATH", "/nonexistent")]);
    assert_eq!(line, "Python was not found: install Python 3.10, 3.11, 3.12 or 3.13 with its venv module.");
}

#[test]
fn without_a_network() {
    // Port 9 (discard) of this machine stands for an index that cannot be reached.
    let nowhere = "http://127.0.0.1:9/simple";
    let line = said(&[
        ("PIP_INDEX_URL", nowhere),
        ("PIP_NO_CACHE_DIR", "1"),
        ("PIP_FIND_LINKS", ""),
        ("PIP_RETRIES", "0"),
        ("NO_PROXY", "127.0.0.1"),
    ]);
    assert!(line.contains("pip reaches no package index"), "{line}");
}

#[test]
fn the_workspace_itself_can_be_installed() {
    assert!(crate::common::installation().folder().join("venv").is_dir());
}
