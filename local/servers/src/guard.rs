//! The command line of `local/guard.py`, which stops a program when this process is gone.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Exit code of the guard when another run keeps the lock.
pub(crate) const LOCK_BUSY: i32 = 75;

/// How a guarded program ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    /// Time between asking the program to stop and killing it; zero kills at once.
    pub grace: Duration,
    /// A file held locked while the program runs.
    pub lock: Option<&'a Path>,
    /// A folder removed once the program was told to stop and has stopped.
    pub remove: Option<&'a Path>,
}

/// A guard, to which the program and its arguments are still to be added. Its standard input is the leash: keep that
/// pipe open as long as the program shall run. `Child::wait` closes it, `Child::try_wait` does not.
pub(crate) fn command(python: &Path, guard: &Path, terms: Terms<'_>) -> Command {
    let none = Path::new("-");
    let mut command = Command::new(python);
    command
        .args(["-I".as_ref(), "-S".as_ref(), guard.as_os_str()])
        .arg(terms.grace.as_secs().to_string())
        .args([terms.lock, terms.remove].map(|path| path.unwrap_or(none)))
        .stdin(Stdio::piped())
        // Ctrl-C at a terminal reaches the whole foreground group: the servers must outlive our own tidying up.
        .process_group(0);
    // Whoever started us may have settings for a Python or a moto of their own.
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_foreign(name)) {
        command.env_remove(name);
    }
    command
}

fn is_foreign(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("PYTHON") || name.starts_with("MOTO_")
}
