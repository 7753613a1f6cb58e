//! The servers as their users see them: installed, running, gone.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails, in its helpers too")]

mod common;
mod installing;
mod outlive;
mod running;
