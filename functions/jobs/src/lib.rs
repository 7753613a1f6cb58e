//! Work from queues and schedules.
//!
//! Two Lambdas: the worker takes messages from the jobs queue, the tick runs once a minute.

mod finish_call;
mod notify_alert;
mod send_mail;
mod tick;
mod wire;
mod worker;

pub use tick::tick;
pub use wire::{JobCtx, TickCtx, wire_tick, wire_worker};
pub use worker::work;
