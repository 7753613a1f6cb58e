//! What the system does: `services::<aggregate>::<verb>(ctx, ...)`, one file per verb.
//!
//! The order inside is always the same: policy, rule, store, queue.

mod again;
pub mod alerts;
pub mod audit;
pub mod auth;
pub mod calls;
pub mod caregivers;
pub mod conversations;
mod ctx;
pub mod live;
pub mod mails;
pub mod mfa;
pub mod notes;
pub mod orgs;
pub mod outbox;
pub mod patients;
pub mod phone;
pub mod phrases;
pub mod pictures;
pub mod schedules;
pub mod sso;
mod system;
mod vault;
mod within;

pub use audit::AuditCtx;
pub use ctx::{AccountCtx, CallCtx, Ctx, Front, LiveCtx, Post};
pub use system::{SystemClock, SystemRandom};
pub use vault::{Use, Vault};
