//! What needs sockets, processes or time: one binary, because linking is what takes long.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure")]

mod connection;
mod end_to_end;
mod hangup;
mod health;
mod logs;
mod protection;
mod recording;
mod telemetry;
