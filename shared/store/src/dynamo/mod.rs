//! DynamoDB: who owns which live call, who watches, and what was answered to requests that come again.

mod connections;
mod idempotency;
mod live;
mod table;

pub use connections::Connections;
pub use idempotency::KeptAnswers;
pub use live::{Command, Live, LiveCalls};
