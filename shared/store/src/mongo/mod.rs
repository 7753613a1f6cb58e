//! Documents: MongoDB.
//!
//! One file per collection, each query beside the index it needs (`indexes.rs`). Reads are methods
//! of a collection; writes are values ([`Write`]) that are committed together.

mod alerts;
mod alerts_read;
mod assignments;
mod attempts;
mod audit;
mod cached;
mod callbacks;
mod calls;
mod caregiver_changes;
mod caregivers;
mod conversations;
mod convert;
mod credentials;
mod error;
pub mod indexes;
mod keyset;
mod mails;
mod notes;
mod occurrences;
mod orgs;
mod outbox;
mod patients;
mod phone_codes;
mod phrases;
mod query;
mod schedules;
mod sessions;
mod tokens;
mod write;

use std::sync::Arc;
use std::time::Duration;

use domain::{Error, Result};
use mongodb::bson::Document;
use mongodb::event::EventHandler;
use mongodb::event::command::CommandEvent;
use mongodb::options::ClientOptions;
use mongodb::{Client, Database};
use tokio::sync::OnceCell;

use crate::Cache;

pub use alerts::{Alerts, Reader};
pub use attempts::AttemptLog;
pub use audit::Audits;
pub use callbacks::Callbacks;
pub use calls::{Calls, Whose};
pub use caregivers::{Caregivers, Member};
pub use conversations::Conversations;
pub use mails::{Mails, Waiting};
pub use notes::Notes;
pub use occurrences::Occurrences;
pub use orgs::{Orgs, Tally};
pub use outbox::{Lane, Outbox, Pending};
pub use patients::Patients;
pub use phone_codes::{CodeLedger, Version};
pub use phrases::{Kinds, Phrases};
pub use schedules::Schedules;
pub use sessions::Sessions;
pub use tokens::Tokens;
pub use write::Write;

pub(crate) use error::failed;
pub use query::Legible;
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
    cache: Option<Cache>,
    watch: Option<Watch>,
}

/// Told of every command before it is sent.
type Watch = Arc<dyn Fn(&Document) + Send + Sync>;

impl Store {
    /// A store that has not connected yet. With a cache, hot documents are read through it, and
    /// every write takes what it changes out of it; so a process that writes to documents which
    /// others read through a cache must have that cache too.
    pub fn new(config: config::Database, cache: Option<Cache>) -> Self {
        Self(Arc::new(Inner { config, database: OnceCell::new(), cache, watch: None }))
    }

    /// A store without a cache that tells `watch` of every command before it is sent: for the test
    /// that each has its index.
    pub fn watched(config: config::Database, watch: impl Fn(&Document) + Send + Sync + 'static) -> Self {
        let watch: Option<Watch> = Some(Arc::new(watch));
        Self(Arc::new(Inner { config, database: OnceCell::new(), cache: None, watch }))
    }

    pub(crate) fn cache(&self) -> Option<&Cache> {
        self.0.cache.as_ref()
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

    /// When patients are telephoned.
    pub fn schedules(&self) -> Schedules<'_> {
        Schedules(self)
    }

    /// Schedules that came due.
    pub fn occurrences(&self) -> Occurrences<'_> {
        Occurrences(self)
    }

    /// What an organisation's patients say in an emergency.
    pub fn phrases(&self) -> Phrases<'_> {
        Phrases(self)
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

    /// Tokens for one use.
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens(self)
    }

    /// Wrong passwords and codes.
    pub fn attempts(&self) -> AttemptLog<'_> {
        AttemptLog(self)
    }

    /// Codes that were sent to telephones.
    pub fn phone_codes(&self) -> CodeLedger<'_> {
        CodeLedger(self)
    }

    /// The audit trail.
    pub fn audits(&self) -> Audits<'_> {
        Audits(self)
    }

    /// Mails about accounts that wait to be sent.
    pub fn mails(&self) -> Mails<'_> {
        Mails(self)
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
        self.0.database.get_or_try_init(|| open(&self.0.config, self.0.watch.clone())).await
    }
}

async fn open(config: &config::Database, watch: Option<Watch>) -> Result<Database> {
    let parsed = ClientOptions::parse(config.uri.expose().as_str()).await;
    let mut options = parsed.map_err(|error| Error::unavailable("documents", error::name(&error)))?;
    options.app_name = Some("bianca".into());
    options.server_selection_timeout = Some(SELECTION);
    options.connect_timeout = Some(CONNECT);
    options.max_pool_size = Some(POOL);
    options.retry_reads = Some(true);
    options.retry_writes = Some(true);
    if let Some(watch) = watch {
        options.command_event_handler = Some(EventHandler::callback(move |event| {
            if let CommandEvent::Started(started) = event {
                watch(&started.command);
            }
        }));
    }
    let client = Client::with_options(options).map_err(failed)?;
    Ok(client.database(&config.name))
}
