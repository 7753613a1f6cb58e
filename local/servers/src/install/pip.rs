//! Runs Python's `venv` and `pip`, and reads their output for progress and for the reason of a failure.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::program;
use crate::guard::{self, Terms};
use crate::{Error, Progress};

/// An installation that nobody waits for any more is of no use: it is made anew next time.
const TERMS: Terms<'_> = Terms { grace: Duration::ZERO, lock: None, remove: None };

/// What pip prints when it reaches no index, whatever the layer that failed.
const NO_NETWORK: &[&str] = &[
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "NameResolutionError",
    "NewConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "Cannot connect to proxy",
    "Network is unreachable",
    "Max retries exceeded",
    "Connection refused",
];

/// `python -m venv`: two to four seconds.
pub(super) fn make_venv(python: &Path, guard: &Path, venv: &Path, log: &Path) -> Result<(), Error> {
    let file = File::create(log).map_err(Error::at(log))?;
    let mut command = guard::command(python, guard, TERMS);
    command.arg(python).args(["-I", "-m", "venv"]).arg(venv);
    run(command, file, log, |_| {})
}

/// Installs exactly the packages listed, refusing every file whose hash is not listed.
pub(super) fn install(
    venv: &Path,
    guard: &Path,
    requirements: &str,
    log: &Path,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let list = venv.join("requirements.txt");
    fs::write(&list, requirements).map_err(Error::at(&list))?;
    let file = File::options().append(true).create(true).open(log).map_err(Error::at(log))?;
    let python = program(venv, "python");
    let mut command = guard::command(&python, guard, TERMS);
    command
        .arg(&python)
        .args(["-I", "-m", "pip", "install", "--require-hashes", "--no-input", "--disable-pip-version-check"])
        // Two more tries ride out a hiccup; pip's five keep a person without a network waiting for a minute.
        .args(["--retries", "2", "--progress-bar", "off", "--requirement"])
        .arg(&list);
    let total = packages(requirements);
    let mut collected = 0;
    run(command, file, log, |line| {
        if let Some(package) = line.trim_start().strip_prefix("Collecting ") {
            collected += 1;
            progress.advance(collected.min(total), total, package.split(['=', ' ']).next().unwrap_or(package));
        } else if line.starts_with("Building wheel") {
            progress.advance(collected.min(total), total, "compiling");
        } else if line.starts_with("Installing collected packages") {
            progress.advance(total, total, "unpacking");
        }
    })
}

/// Runs a guarded tool to its end, copying what it says to the log.
fn run(mut command: Command, mut log: File, path: &Path, mut each: impl FnMut(&str)) -> Result<(), Error> {
    command.stdout(Stdio::piped()).stderr(log.try_clone().map_err(Error::at(path))?);
    let mut tool = command.spawn().map_err(Error::at(Path::new(command.get_program())))?;
    // Both taken before the wait: it would close the leash, and the guard would stop a tool that is just finishing.
    let leash = tool.stdin.take();
    let said = tool.stdout.take().map(BufReader::new);
    for line in said.into_iter().flat_map(BufRead::lines).map_while(Result::ok) {
        // The tool's own result decides; a log that cannot grow (full disk) will show there too.
        let _ = writeln!(log, "{line}");
        each(&line);
    }
    let status = tool.wait().map_err(Error::at(path))?;
    drop(leash);
    if status.success() { Ok(()) } else { Err(failure(path)) }
}

/// Distinct packages of the list. Some are listed twice, with other versions for other Pythons.
fn packages(requirements: &str) -> usize {
    requirements.lines().filter_map(|line| line.split_once("==")).map(|(name, _)| name).collect::<BTreeSet<_>>().len()
}

/// The reason, in the tool's last error line.
fn failure(log: &Path) -> Error {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    if NO_NETWORK.iter().any(|sign| text.contains(sign)) {
        return Error::NoNetwork { log: log.to_owned() };
    }
    let errors = text.lines().rev().find(|line| line.starts_with("ERROR:") || line.starts_with("error:"));
    let last = errors.or_else(|| text.lines().rev().find(|line| !line.trim().is_empty()));
    Error::Install { why: last.unwrap_or("no reason given").trim().to_owned(), log: log.to_owned() }
}
