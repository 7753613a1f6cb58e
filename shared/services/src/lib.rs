//! What the system does: `services::<aggregate>::<verb>(ctx, ...)`, one file per verb.
//!
//! The order inside is always the same: policy, rule, store, queue.

pub mod alerts;
pub mod auth;
pub mod calls;
pub mod conversations;
mod ctx;
pub mod notes;
pub mod outbox;
pub mod patients;
mod system;

pub use ctx::{CallCtx, Ctx, Front, Post};
pub use system::{SystemClock, SystemRandom};
