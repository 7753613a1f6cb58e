//! What remembers: MongoDB for documents, the cache for hot reads, DynamoDB for leases.
//!
//! Nothing here connects before it is first asked, so that a Lambda starts without network I/O.
//! Every query on tenant data takes a [`Scope`](domain::Scope) and narrows itself to it.

pub mod cache;
pub mod dynamo;
pub mod mongo;

pub use cache::{Cache, CacheStats};
pub use dynamo::{Connections, KeptAnswers, LiveCalls};
pub use mongo::{Store, Write};
