//! Runs the servers and says where they are.

mod child;
mod kind;
mod probe;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use child::{Child, Place};
use kind::Kind;

use crate::{Error, Installation};

/// Time from asking to killing for a server that writes its data to disk as it ends.
const GRACE: Duration = Duration::from_secs(10);

/// Which servers to start. Leave out what the caller already has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// `MongoDB` protocol.
    pub documents: bool,
    /// `Redis` protocol.
    pub cache: bool,
    /// The AWS services: `DynamoDB`, SQS, SES, SNS, S3, Secrets Manager, `EventBridge`.
    pub aws: bool,
}

impl Wanted {
    /// All three.
    pub const ALL: Self = Self { documents: true, cache: true, aws: true };
}

/// Where the documents live. Cache and AWS keep theirs in memory and start empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Below this folder, in `documents/` (`WiredTiger` files). Every acknowledged write survives a restart and a kill -9
    /// of this process, of the guard or of the server. Logs go to `.local/logs`. One run at a time.
    Disk(PathBuf),
    /// In a temporary folder that is gone with the servers.
    Memory,
}

/// Running servers. Dropping this stops them; so does the end of this process, whatever causes it.
#[derive(Debug)]
pub struct Servers {
    documents: Option<Child>,
    cache: Option<Child>,
    aws: Option<Child>,
    mongodb_uri: Option<String>,
    cache_url: Option<String>,
    aws_endpoint: Option<String>,
}

impl Servers {
    /// Starts the wanted servers side by side on free ports of 127.0.0.1 and waits until each answers its protocol:
    /// about half a second on an idle machine, at most 30 s each.
    ///
    /// Needs a tokio runtime with its clock and I/O enabled, but is not bound to it afterwards.
    ///
    /// # Errors
    /// [`Error::Start`] with the end of the server's log, [`Error::Busy`] when another run holds the documents,
    /// [`Error::Folder`] when a folder cannot be made.
    pub async fn start(installation: &Installation, wanted: Wanted, storage: Storage) -> Result<Self, Error> {
        let start = async |kind, wanted: bool| {
            if wanted {
                Child::start(installation, kind, place(installation, kind, &storage)?).await.map(Some)
            } else {
                Ok(None)
            }
        };
        let (documents, cache, aws) = tokio::try_join!(
            start(Kind::Documents, wanted.documents),
            start(Kind::Cache, wanted.cache),
            start(Kind::Aws, wanted.aws),
        )?;
        let address = |child: &Option<Child>| child.as_ref().map(Child::address);
        Ok(Self {
            mongodb_uri: address(&documents).map(|it| format!("mongodb://{it}/?directConnection=true")),
            cache_url: address(&cache).map(|it| format!("redis://{it}/")),
            aws_endpoint: address(&aws).map(|it| format!("http://{it}")),
            documents,
            cache,
            aws,
        })
    }

    /// For `MONGODB_URI`.
    pub fn mongodb_uri(&self) -> Option<&str> {
        self.mongodb_uri.as_deref()
    }

    /// For `CACHE_URL`.
    pub fn cache_url(&self) -> Option<&str> {
        self.cache_url.as_deref()
    }

    /// For `AWS_ENDPOINT_URL`. Any region and any credentials will do.
    pub fn aws_endpoint(&self) -> Option<&str> {
        self.aws_endpoint.as_deref()
    }

    /// Whether all of them still run.
    ///
    /// # Errors
    /// [`Error::Stopped`] names the first one that does not.
    pub fn check(&mut self) -> Result<(), Error> {
        self.running().try_for_each(Child::check)
    }

    /// Stops the servers, which write down what they must, and waits for their end: a moment in memory, two seconds
    /// on disk.
    pub async fn shutdown(mut self) {
        self.running().for_each(Child::ask_to_stop);
        for child in self.running() {
            child.stopped().await;
        }
    }

    fn running(&mut self) -> impl Iterator<Item = &mut Child> {
        [&mut self.documents, &mut self.cache, &mut self.aws].into_iter().flatten()
    }
}

/// The folders of one server. Only documents on disk outlast the run.
fn place(installation: &Installation, kind: Kind, storage: &Storage) -> Result<Place, Error> {
    let name = kind.name();
    let (mut place, log_folder) = match storage {
        Storage::Disk(folder) if kind == Kind::Documents => {
            let folder = std::path::absolute(folder).map_err(Error::at(folder))?;
            let lock = Some(folder.join("documents.lock"));
            (Place { data: folder.join(name), lock, scratch: None, log: PathBuf::new(), grace: GRACE }, None)
        }
        _ => {
            let temporary = std::env::temp_dir();
            let prefix = format!("local-{name}-");
            let scratch = tempfile::Builder::new().prefix(&prefix).tempdir().map_err(Error::at(&temporary))?;
            let (data, own) = (scratch.path().join("data"), scratch.path().to_owned());
            (Place { data, lock: None, scratch: Some(scratch), log: PathBuf::new(), grace: Duration::ZERO }, Some(own))
        }
    };
    let log_folder = match storage {
        Storage::Memory => log_folder.unwrap_or_else(|| installation.logs()),
        Storage::Disk(_) => installation.logs(),
    };
    place.log = log_folder.join(format!("{name}.log"));
    for folder in [&place.data, &log_folder] {
        fs::create_dir_all(folder).map_err(Error::at(folder))?;
    }
    Ok(place)
}
