//! What can go wrong between a fresh machine and running servers, each with what to do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why the local servers cannot be installed or started. `Display` is one sentence that says what to do;
/// [`Error::Start`] and [`Error::Stopped`] add the last lines of the server's log below it.
#[derive(Debug)]
pub enum Error {
    /// No Python that the pinned packages support; `found` lists the versions that are here, if any.
    NoPython {
        /// Versions seen, as `3.9`.
        found: Vec<String>,
    },
    /// Python is here, but without `venv` or `ensurepip`, which Debian packs separately.
    NoVenv {
        /// Version of that Python, as `3.11`.
        version: String,
    },
    /// A file or folder below `.local` cannot be made, read or written.
    Folder {
        /// What was touched.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// pip could not reach a package index.
    NoNetwork {
        /// pip's own output.
        log: PathBuf,
    },
    /// pip or venv failed for another reason.
    Install {
        /// The last error line of the tool.
        why: String,
        /// The tool's whole output.
        log: PathBuf,
    },
    /// Another run holds this data folder.
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A server ended, or did not answer, before it was ready.
    Start {
        /// `documents`, `cache` or `aws`.
        server: &'static str,
        /// What was seen.
        why: String,
        /// The last lines of its log.
        tail: String,
    },
    /// A server that had been running is gone.
    Stopped {
        /// `documents`, `cache` or `aws`.
        server: &'static str,
        /// The last lines of its log.
        tail: String,
    },
}

impl Error {
    /// Names the path in an error of the file system: `.map_err(Error::at(&path))`.
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |why| Self::Folder { path, why }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPython { found } if found.is_empty() => {
                f.write_str("Python was not found: install Python 3.10, 3.11, 3.12 or 3.13 with its venv module.")
            }
            Self::NoPython { found } => write!(
                f,
                "Only Python {} was found, which the local servers do not support: \
                 install Python 3.10, 3.11, 3.12 or 3.13 with its venv module.",
                found.join(", ")
            ),
            Self::NoVenv { version } => write!(
                f,
                "Python {version} lacks its venv module: install it (on Debian and Ubuntu: apt install python{version}-venv)."
            ),
            Self::Folder { path, why } => {
                write!(f, "{} cannot be used ({why}): remove it, or make it writable, and start again.", path.display())
            }
            Self::NoNetwork { log } => write!(
                f,
                "The local servers cannot be downloaded because pip reaches no package index: \
                 check the network or pip's proxy settings and start again (details: {}).",
                log.display()
            ),
            Self::Install { why, log } => write!(
                f,
                "The local servers cannot be installed ({why}): read {} and start again; \
                 removing the .local/venv folder gives a clean slate.",
                log.display()
            ),
            Self::Busy { path } => write!(
                f,
                "The documents in {} are in use by another run: stop that one first, or set MONGODB_URI.",
                path.display()
            ),
            Self::Start { server, why, tail } => write!(
                f,
                "The local {server} server did not start ({why}): start again, and if that does not help \
                 remove the .local folder.{}",
                Tail(tail)
            ),
            Self::Stopped { server, tail } => {
                write!(f, "The local {server} server stopped by itself: start again.{}", Tail(tail))
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Folder { why, .. } => Some(why),
            _ => None,
        }
    }
}

/// Log lines, indented below a sentence; nothing when the log is empty.
struct Tail<'a>(&'a str);

impl fmt::Display for Tail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.lines().try_for_each(|line| write!(f, "\n    {line}"))
    }
}
