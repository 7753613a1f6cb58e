//! DynamoDB: who owns which live call.

mod live;

pub use live::{Command, Live, LiveCalls};
