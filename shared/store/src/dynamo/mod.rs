//! DynamoDB: who owns which live call, and what was answered to requests that come again.

mod idempotency;
mod live;
mod table;

pub use idempotency::KeptAnswers;
pub use live::{Command, Live, LiveCalls};
