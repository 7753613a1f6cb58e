//! Live updates: screens connect to a WebSocket API and hear of calls and alerts as they change.
//!
//! Two Lambdas. `live-gateway` is what API Gateway asks about connections and their messages; `live-push` reads the queue of
//! what has changed and tells those who watch. The protocol stands in `docs/live.md`.

mod gateway;
mod message;
mod push;
mod wire;

pub use gateway::{PROTOCOL, handle};
pub use push::push;
pub use wire::{PushCtx, wire_gateway, wire_push};
