//! Live updates, from a screen's WebSocket through the gateway, the function, the queue and back.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod alerts;
mod calls;
mod connections;
mod failures;
mod screen;
