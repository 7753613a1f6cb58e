//! Where recordings are kept.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use domain::{Error, Result};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

/// Keeps things under names such as `call/000001.seg`. What it says it has kept, it has kept.
pub trait Vault: Send + Sync {
    /// Keeps `bytes`, whole or not at all.
    fn put(&self, name: String, bytes: Vec<u8>) -> BoxFuture<'_, Result<()>>;
}

/// A folder of this machine.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder is made when something is first kept.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

impl Vault for Folder {
    fn put(&self, name: String, bytes: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        let path = self.root.join(name);
        let written = tokio::task::spawn_blocking(move || write(&path, &bytes));
        async move {
            let written = written.await.unwrap_or_else(|error| Err(io::Error::other(error)));
            written.map_err(|error| Error::unavailable("recordings", error.to_string()))
        }
        .boxed()
    }
}

/// Under another name first: what has the right name is whole, also after the power failed.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let unfinished = path.with_extension("part");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    File::open(folder)?.sync_all()
}
