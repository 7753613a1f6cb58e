//! Joins telephone calls to the `OpenAI` Realtime API.
//!
//! The core of a call is [`session::Session`], a state machine without sockets, clocks or awaits:
//! inputs go in with the time they happened at, outputs come out as data. Around it:
//!
//! - [`audio`]: G.711 frames, the outbound queue, the 20 ms pacer, inbound jitter, and what is told from
//!   the caller's sound (voice, echo, tones, who answered); all pure.
//! - [`sounds`]: recorded sentences for when the model cannot speak.
//! - [`realtime`]: the model's wire protocol and the socket that speaks it.
//! - [`telephony`]: the [`telephony::leg::Leg`] a call is heard through, and Asterisk behind it.
//! - [`health`]: whether this process lives and could carry another call.
//! - [`breaker`]: what keeps calls from asking a model that does not take them.
//! - [`protection`]: keeps ECS from stopping a task in which calls run.
//! - [`recording`]: encrypted stereo recordings, when somebody asks for one.
//! - [`telemetry`]: traces of calls.
//! - [`driver`]: one task per call that joins the three.

pub mod audio;
pub mod breaker;
mod calls;
pub mod driver;
pub mod health;
mod herald;
mod instruments;
mod lease;
pub mod metrics;
pub mod observer;
mod plan;
pub mod protection;
pub mod realtime;
pub mod recording;
pub mod session;
mod sink;
pub mod sounds;
pub mod telemetry;
pub mod telephony;
pub mod trace;
mod wire;

pub use health::probe;
pub use instruments::Instruments;
pub use wire::{Settings, Telephony, run};
