//! Calls through a fake Asterisk: real HTTP, real event socket, real sound.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its failure")]

mod adoption;
mod calls;
mod fake;
mod inbound;
mod mending;
mod setbacks;
mod transfer;
mod websocket;
