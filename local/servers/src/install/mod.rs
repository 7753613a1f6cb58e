//! Installs the servers below `<root>/.local`, once, and notices when that has to be done again.

mod pip;
mod python;
mod stamp;
#[cfg(test)]
mod tests;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::{Error, Progress};

/// Every package with its version and hashes.
const REQUIREMENTS: &str = include_str!("../../../requirements.txt");
/// Keeps servers from outliving us; see its own first lines.
const GUARD: &str = include_str!("../../../guard.py");
/// The documents server wants a file, or it goes looking for one in the user's home.
const DOCUMENTS_SETTINGS: &str = "# Empty on purpose: the documents server gets its settings on its command line.\n";
/// Programs that must be in the environment for it to count as whole.
const PROGRAMS: &[&str] = &["redis-server", "secantusd-py", "moto_server"];

/// Servers that are installed and ready to start.
#[derive(Clone, Debug)]
pub struct Installation {
    local: PathBuf,
}

impl Installation {
    /// Makes sure that the servers are installed below `<root>/.local`.
    ///
    /// The first time this takes about half a minute and needs the network; later times a few milliseconds. Blocks:
    /// call it before the async work begins, or from `spawn_blocking`. Processes that call it at the same moment wait
    /// for each other. A damaged environment is made anew.
    ///
    /// # Errors
    /// No usable Python, no network, a folder that cannot be written, or pip's own complaint.
    pub fn ensure(root: &Path, progress: &dyn Progress) -> Result<Self, Error> {
        install(root, &Recipe { requirements: REQUIREMENTS, programs: PROGRAMS }, progress)
    }

    /// `<root>/.local`: everything this crate writes, and the place for what a run must remember.
    pub fn folder(&self) -> &Path {
        &self.local
    }

    pub(crate) fn python(&self) -> PathBuf {
        program(&self.venv(), "python")
    }

    pub(crate) fn redis_server(&self) -> PathBuf {
        program(&self.venv(), "redis-server")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.local.join("logs")
    }

    pub(crate) fn guard(&self) -> PathBuf {
        self.local.join("guard.py")
    }

    pub(crate) fn documents_settings(&self) -> PathBuf {
        self.local.join("documents.toml")
    }

    fn venv(&self) -> PathBuf {
        self.local.join("venv")
    }
}

/// What an environment holds.
struct Recipe<'a> {
    requirements: &'a str,
    programs: &'a [&'a str],
}

fn install(root: &Path, recipe: &Recipe<'_>, progress: &dyn Progress) -> Result<Installation, Error> {
    let root = std::path::absolute(root).map_err(Error::at(root))?;
    let installation = Installation { local: root.join(".local") };
    fs::create_dir_all(&installation.local).map_err(Error::at(&installation.local))?;
    // Held until this function returns. The system lets go of it when a process dies, so it is never stale.
    let _lock = lock(&installation.local.join("install.lock"), progress)?;
    write_if_changed(&installation.guard(), GUARD)?;
    write_if_changed(&installation.documents_settings(), DOCUMENTS_SETTINGS)?;
    let venv = installation.venv();
    if !stamp::matches(&venv, recipe) {
        make(&installation, recipe, progress)?;
    }
    Ok(installation)
}

/// Makes the environment from nothing; the stamp comes last, so half-made work is never taken for whole.
fn make(installation: &Installation, recipe: &Recipe<'_>, progress: &dyn Progress) -> Result<(), Error> {
    let (venv, guard) = (installation.venv(), installation.guard());
    remove(&venv)?;
    let python = python::find(&std::env::var_os("PATH").unwrap_or_default())?;
    let logs = installation.logs();
    fs::create_dir_all(&logs).map_err(Error::at(&logs))?;
    let log = logs.join("install.log");
    step(progress, "Making a Python environment in .local/venv", || pip::make_venv(&python, &guard, &venv, &log))?;
    step(progress, "Downloading and installing the local servers", || {
        pip::install(&venv, &guard, recipe.requirements, &log, progress)
    })?;
    stamp::write(&venv, recipe)
}

fn step<T>(progress: &dyn Progress, name: &str, work: impl FnOnce() -> T) -> T {
    progress.begin(name);
    let result = work();
    progress.end();
    result
}

fn lock(path: &Path, progress: &dyn Progress) -> Result<File, Error> {
    let file = File::options().append(true).create(true).open(path).map_err(Error::at(path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            step(progress, "Waiting for another process that installs the local servers", || file.lock())
                .map_err(Error::at(path))?;
        }
        Err(TryLockError::Error(why)) => return Err(Error::at(path)(why)),
    }
    Ok(file)
}

/// Removes a folder, or whatever stands in its place.
fn remove(path: &Path) -> Result<(), Error> {
    match fs::symlink_metadata(path) {
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(why) => Err(why),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    }
    .map_err(Error::at(path))
}

/// Replaces the file in one step: a process that reads it at this moment sees the old text or the new one.
fn write_if_changed(path: &Path, text: &str) -> Result<(), Error> {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let fresh = path.with_extension("new");
    fs::write(&fresh, text).map_err(Error::at(&fresh))?;
    if path.is_dir() {
        remove(path)?;
    }
    fs::rename(&fresh, path).map_err(Error::at(path))
}

fn program(venv: &Path, name: &str) -> PathBuf {
    venv.join("bin").join(name)
}
