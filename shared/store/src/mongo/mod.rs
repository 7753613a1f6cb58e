//! Documents: MongoDB.
//!
//! One file per collection, each query beside the index it needs (`indexes.rs`). Reads are methods
//! of a collection; writes are values ([`Write`]) that are committed together.

mod alerts;
mod callbacks;
mod calls;
mod caregivers;
mod conversations;
mod convert;
mod error;
pub mod indexes;
mod notes;
mod orgs;
mod outbox;
mod patients;
mod query;
mod sessions;
mod write;

use std::sync::Arc;
use std::time::Duration;

use domain::{Error, Result};
use mongodb::options::ClientOptions;
use mongodb::{Client, Database};
use tokio::sync::OnceCell;

pub use alerts::Alerts;
pub use callbacks::Callbacks;
pub use calls::Calls;
pub use caregivers::Caregivers;
pub use conversations::Conversations;
pub use notes::Notes;
pub use orgs::Orgs;
pub use outbox::{Outbox, Pending};
pub use patients::Patients;
pub use sessions::Sessions;
pub use write::Write;

pub(crate) use error::failed;
pub(crate) use query::Query;

/// How long one request waits for a server: short enough that a client learns of an outage before
/// API Gateway gives up on us.
const SELECTION: Duration = Duration::from_secs(3);
const CONNECT: Duration = Duration::from_secs(2);
/// A sandbox of Lambda serves one request at a time; the bridge more.
const POOL: u32 = 20;

/// The documents. Cheap to clone; connects when it is first used.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    config: config::Database,
    database: OnceCell<Database>,
}

impl Store {
    /// A store that has not connected yet.
    pub fn new(config: config::Database) -> Self {
        Self(Arc::new(Inner { config, database: OnceCell::new() }))
    }

    /// Organisations.
    pub fn orgs(&self) -> Orgs<'_> {
        Orgs(self)
    }

    /// Caregivers.
    pub fn caregivers(&self) -> Caregivers<'_> {
        Caregivers(self)
    }

    /// Sign-ins.
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions(self)
    }

    /// Patients.
    pub fn patients(&self) -> Patients<'_> {
        Patients(self)
    }

    /// Calls.
    pub fn calls(&self) -> Calls<'_> {
        Calls(self)
    }

    /// Alerts.
    pub fn alerts(&self) -> Alerts<'_> {
        Alerts(self)
    }

    /// Notes taken in calls.
    pub fn notes(&self) -> Notes<'_> {
        Notes(self)
    }

    /// Calls back.
    pub fn callbacks(&self) -> Callbacks<'_> {
        Callbacks(self)
    }

    /// Conversations and their turns.
    pub fn conversations(&self) -> Conversations<'_> {
        Conversations(self)
    }

    /// Jobs written with the data they are about.
    pub fn outbox(&self) -> Outbox<'_> {
        Outbox(self)
    }

    /// Makes every index of `indexes.rs`; doing it again changes nothing.
    pub async fn create_indexes(&self) -> Result<()> {
        indexes::create(self.database().await?).await.map_err(failed)
    }

    /// Whether the server answers.
    pub async fn ping(&self) -> Result<()> {
        let database = self.database().await?;
        database.run_command(mongodb::bson::doc! { "ping": 1 }).await.map_err(failed)?;
        Ok(())
    }

    /// Parsing an address may ask DNS (`mongodb+srv`), so it happens here and not at start. A
    /// failure is not kept: the next request tries again.
    pub(crate) async fn database(&self) -> Result<&Database> {
        self.0.database.get_or_try_init(|| open(&self.0.config)).await
    }
}

async fn open(config: &config::Database) -> Result<Database> {
    let parsed = ClientOptions::parse(config.uri.expose().as_str()).await;
    let mut options = parsed.map_err(|error| Error::unavailable("documents", error::name(&error)))?;
    options.app_name = Some("bianca".into());
    options.server_selection_timeout = Some(SELECTION);
    options.connect_timeout = Some(CONNECT);
    options.max_pool_size = Some(POOL);
    options.retry_reads = Some(true);
    options.retry_writes = Some(true);
    let client = Client::with_options(options).map_err(failed)?;
    Ok(client.database(&config.name))
}
