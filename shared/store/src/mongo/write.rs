//! Writes, committed together.
//!
//! A write is a value, so a transaction that meets another one can simply be run again, and a
//! service says in one expression what belongs together.

use std::time::{Duration, Instant};

use domain::{Error, Result};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use mongodb::ClientSession;
use mongodb::bson::Document;
use mongodb::error::{TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT};

use super::{Store, error, failed};

/// How long a transaction that meets others is tried again before the caller is told to try later:
/// much longer than a transaction takes, and no longer than a person waits.
const PATIENCE: Duration = Duration::from_secs(5);
/// The first pause between two attempts; each is twice the one before, up to the longest.
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_millis(320);

/// One write, not done yet. Each collection's file makes those that it allows.
#[must_use = "a write does nothing until it is committed"]
#[derive(Clone, Debug)]
pub struct Write {
    pub(crate) collection: &'static str,
    pub(crate) operation: Operation,
    /// What it means that an update or a removal matched nothing, or that a unique key was taken.
    pub(crate) refused: Option<(domain::Kind, &'static str, &'static str)>,
    /// What it means that a unique key was taken, when that is something else.
    pub(crate) taken: Option<(&'static str, &'static str)>,
    /// What the cache may keep of what is written.
    pub(crate) touches: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Insert(Vec<Document>),
    Update { filter: Document, update: Document, upsert: bool },
    UpdateAll { filter: Document, update: Document },
    Delete(Document),
    DeleteAll(Document),
}

impl Write {
    const fn of(collection: &'static str, operation: Operation) -> Self {
        Self { collection, operation, refused: None, taken: None, touches: Vec::new() }
    }

    pub(crate) fn insert(collection: &'static str, document: Document) -> Self {
        Self::insert_all(collection, vec![document])
    }

    pub(crate) const fn insert_all(collection: &'static str, documents: Vec<Document>) -> Self {
        Self::of(collection, Operation::Insert(documents))
    }

    pub(crate) const fn update(collection: &'static str, filter: Document, update: Document) -> Self {
        Self::of(collection, Operation::Update { filter, update, upsert: false })
    }

    pub(crate) const fn upsert(collection: &'static str, filter: Document, update: Document) -> Self {
        Self::of(collection, Operation::Update { filter, update, upsert: true })
    }

    pub(crate) const fn update_all(collection: &'static str, filter: Document, update: Document) -> Self {
        Self::of(collection, Operation::UpdateAll { filter, update })
    }

    pub(crate) const fn delete(collection: &'static str, filter: Document) -> Self {
        Self::of(collection, Operation::Delete(filter))
    }

    pub(crate) const fn delete_all(collection: &'static str, filter: Document) -> Self {
        Self::of(collection, Operation::DeleteAll(filter))
    }

    /// The cache may keep what is written under this key.
    pub(crate) fn touching(mut self, key: String) -> Self {
        self.touches.push(key);
        self
    }

    /// It must match a document: otherwise everything is undone with a 404 of this code.
    pub(crate) const fn or_not_found(mut self, code: &'static str, message: &'static str) -> Self {
        self.refused = Some((domain::Kind::NotFound, code, message));
        self
    }

    /// The write must find things as they were, or the key free: otherwise everything is undone
    /// with a 409 of this code.
    pub(crate) const fn or_conflict(mut self, code: &'static str, message: &'static str) -> Self {
        self.refused = Some((domain::Kind::Conflict, code, message));
        self
    }

    /// A unique key must be free: otherwise everything is undone with a 409 of this code.
    pub(crate) const fn or_taken(mut self, code: &'static str, message: &'static str) -> Self {
        self.taken = Some((code, message));
        self
    }

    /// It must match a document: otherwise everything is undone with a 401 of this code.
    pub(crate) const fn or_unauthenticated(mut self, code: &'static str, message: &'static str) -> Self {
        self.refused = Some((domain::Kind::Unauthenticated, code, message));
        self
    }

    fn must_match(&self, matched: u64, upsert: bool) -> Result<(), Failure> {
        match self.refusal() {
            Some(refusal) if matched == 0 && !upsert => Err(Failure::Ours(refusal)),
            _ => Ok(()),
        }
    }

    fn refusal(&self) -> Option<Error> {
        self.refused.map(|(kind, code, message)| match kind {
            domain::Kind::NotFound => Error::not_found(code, message),
            domain::Kind::Unauthenticated => Error::unauthenticated(code, message),
            _ => Error::conflict(code, message),
        })
    }

    /// What the driver's word that a unique key is taken means.
    fn duplicate(&self, error: mongodb::error::Error) -> Failure {
        let taken = self.taken.map(|(code, message)| Error::conflict(code, message));
        taken.or_else(|| self.refusal()).map_or(Failure::Driver(error), Failure::Ours)
    }
}

impl Store {
    /// Does all of the writes or none of them.
    ///
    /// # Errors
    /// What the write at fault says of itself; [`Kind::Unavailable`](domain::Kind::Unavailable)
    /// when the server does not answer or other writers keep getting in the way.
    pub fn commit(&self, writes: impl IntoIterator<Item = Write>) -> BoxFuture<'_, Result<()>> {
        let writes: Vec<Write> = writes.into_iter().collect();
        async move {
            let touched: Vec<String> = writes.iter().flat_map(|write| write.touches.iter().cloned()).collect();
            if let Some(cache) = self.cache() {
                cache.bar(&touched).await;
            }
            let done = match writes.as_slice() {
                [] => Ok(()),
                [single] => self.perform(single, None).await.map_err(Failure::into_error),
                several => self.transact(several).await,
            };
            if let Some(cache) = self.cache() {
                cache.unbar(&touched).await;
            }
            done
        }
        .boxed()
    }

    async fn transact(&self, writes: &[Write]) -> Result<()> {
        let client = self.database().await?.client();
        let mut session = client.start_session().await.map_err(failed)?;
        let began = Instant::now();
        let mut pause = SHORTEST;
        loop {
            let failure = match self.attempt(&mut session, writes).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            if !failure.is_passing() || began.elapsed() > PATIENCE {
                return Err(failure.into_error());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    async fn attempt(&self, session: &mut ClientSession, writes: &[Write]) -> Result<(), Failure> {
        session.start_transaction().await?;
        for write in writes {
            if let Err(failure) = self.perform(write, Some(session)).await {
                // The transaction is dead either way; the server drops it by itself if this fails.
                session.abort_transaction().await.ok();
                return Err(failure);
            }
        }
        match session.commit_transaction().await {
            // Committing again is safe: the server knows the transaction by its number.
            Err(error) if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                session.commit_transaction().await.map_err(Failure::from)
            }
            other => other.map_err(Failure::from),
        }
    }

    async fn perform(&self, write: &Write, session: Option<&mut ClientSession>) -> Result<(), Failure> {
        let collection = self.database().await.map_err(Failure::Ours)?.collection::<Document>(write.collection);
        match &write.operation {
            Operation::Insert(documents) => {
                let insert = collection.insert_many(documents);
                let done = match session {
                    Some(session) => insert.session(session).await,
                    None => insert.await,
                };
                match done {
                    Err(error) if error::is_duplicate(&error) => Err(write.duplicate(error)),
                    other => other.map(drop).map_err(Failure::from),
                }
            }
            Operation::Update { filter, update, upsert } => {
                let change = collection.update_one(filter.clone(), update.clone()).upsert(*upsert);
                let done = match session {
                    Some(session) => change.session(session).await,
                    None => change.await,
                };
                match done {
                    Err(error) if error::is_duplicate(&error) => Err(write.duplicate(error)),
                    Err(error) => Err(error.into()),
                    Ok(done) => write.must_match(done.matched_count, *upsert),
                }
            }
            Operation::UpdateAll { filter, update } => {
                let change = collection.update_many(filter.clone(), update.clone());
                let done = match session {
                    Some(session) => change.session(session).await?,
                    None => change.await?,
                };
                write.must_match(done.matched_count, false)
            }
            Operation::Delete(filter) => {
                let delete = collection.delete_one(filter.clone());
                let done = match session {
                    Some(session) => delete.session(session).await?,
                    None => delete.await?,
                };
                write.must_match(done.deleted_count, false)
            }
            Operation::DeleteAll(filter) => {
                let delete = collection.delete_many(filter.clone());
                let done = match session {
                    Some(session) => delete.session(session).await?,
                    None => delete.await?,
                };
                write.must_match(done.deleted_count, false)
            }
        }
    }
}

/// Why an attempt failed: for a reason of ours, or the driver's.
enum Failure {
    Ours(Error),
    Driver(mongodb::error::Error),
}

impl Failure {
    /// Whether the whole transaction may be tried again.
    fn is_passing(&self) -> bool {
        matches!(self, Self::Driver(error) if error.contains_label(TRANSIENT_TRANSACTION_ERROR))
    }

    fn into_error(self) -> Error {
        match self {
            Self::Ours(error) => error,
            Self::Driver(error) => failed(error),
        }
    }
}

impl From<mongodb::error::Error> for Failure {
    fn from(error: mongodb::error::Error) -> Self {
        Self::Driver(error)
    }
}
