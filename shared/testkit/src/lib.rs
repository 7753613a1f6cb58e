//! What tests stand on: real servers, started once per test binary, and callers of every kind.
//!
//! Tests share the servers and are kept apart by organisation, as tenants are.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod accounts;
mod app;
mod cable;
pub mod cell;
mod client;
mod clock;
mod house;
mod mails;
mod people;
mod pictures;
mod provider;

pub use app::{Fronts, TestApp};
pub use cable::Cable;
pub use client::{Client, Reply};
pub use clock::TestClock;
pub use house::{House, house};
pub use mails::Sent;
pub use people::PASSWORD;
pub use pictures::png;
pub use provider::{IdProvider, Signer};
