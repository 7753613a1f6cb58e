//! Live updates: what has changed is told to those who watch (`docs/decisions/027-live-updates.md`).
//!
//! Whoever changes something says so in a queue, with ids only. The live function reads what is so now by the same way as the
//! API, for every caller who hears of it: there is no second rule about who may see what.

mod announce;
mod connect;
mod subscribe;
mod watchers;

pub use announce::announce;
pub(crate) use announce::{alert, call};
pub use connect::{authenticate, connect, disconnect};
pub use subscribe::{subscribe, unsubscribe};
pub use watchers::{Watcher, watchers};
