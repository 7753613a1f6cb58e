//! The three servers: how each is started, how its log says that it listens, how it shows that it answers.

use std::ffi::OsString;
use std::path::Path;

use crate::Installation;

/// A server of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Documents,
    Cache,
    Aws,
}

impl Kind {
    /// For folders and messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Cache => "cache",
            Self::Aws => "aws",
        }
    }

    /// Words in the server's own log once its port is its own. An answer on the port alone proves nothing: another
    /// run may have taken that port a moment before.
    pub(super) fn announcement(self) -> &'static str {
        match self {
            Self::Documents => "secantus listening on",
            Self::Cache => "Ready to accept connections",
            Self::Aws => "Running on http://",
        }
    }

    /// Program and arguments. `-I`: nothing of the user's own Python; `-u`: the log is written as things happen.
    /// `durable`: what the documents server has acknowledged is on disk.
    pub(super) fn command(self, installation: &Installation, port: u16, data: &Path, durable: bool) -> Vec<OsString> {
        let (python, port) = (installation.python().into_os_string(), OsString::from(port.to_string()));
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        match self {
            Self::Documents => [
                vec![python],
                words(&["-I", "-u", "-m", "secantus", "--host", "127.0.0.1", "--storage-path"]),
                vec![data.into(), "--port".into(), port],
                // Without it the server reads whatever configuration the user has for it.
                vec!["--config".into(), installation.documents_settings().into()],
                // Without it a kill -9 of the server loses what it acknowledged in the last tenth of a second.
                words(if durable { &["--sync-on-commit"] } else { &[] }),
            ]
            .concat(),
            Self::Cache => [
                vec![installation.redis_server().into_os_string(), "--port".into(), port],
                words(&["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"]),
                vec![data.into()],
            ]
            .concat(),
            Self::Aws => {
                [vec![python], words(&["-I", "-u", "-m", "moto.server", "-H", "127.0.0.1", "-p"]), vec![port]].concat()
            }
        }
    }
}
