//! Manners that remember something, on real servers.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod idempotency;
