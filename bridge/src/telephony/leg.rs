//! What the bridge needs of a telephone, whatever carries it.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use domain::Phone;
use futures_util::future::BoxFuture;

use crate::audio::frame::{Codec, Frame};
use crate::audio::jitter;
use crate::session::{Cause, Input, PhoneEvent};

/// What a telephone leg reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegEvent {
    /// Ringing, answered, media up, a key, hung up.
    Phone(PhoneEvent),
    /// Sound of the far end, G.711 in the law the call was dialled with, normally 20 ms.
    Audio(Bytes),
    /// Sound the leg made up because none arrived: it keeps the model's clock, nothing else.
    Filled(Bytes),
}

impl From<LegEvent> for Input {
    fn from(event: LegEvent) -> Self {
        match event {
            LegEvent::Phone(event) => Self::Phone(event),
            LegEvent::Audio(sound) => Self::Caller(sound),
            LegEvent::Filled(sound) => Self::Filled(sound),
        }
    }
}

/// What a leg counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LegStats {
    /// What arrived.
    pub inbound: jitter::Stats,
    /// Frames sent.
    pub sent: u64,
    /// Frames the network would not take.
    pub unsent: u64,
    /// Packets from addresses that are not the far end's.
    pub strangers: u64,
    /// Packets that were not what the leg expects.
    pub malformed: u64,
}

/// One telephone call as the bridge hears and speaks it.
///
/// Events come in this order: `Ringing` (maybe), then `Answered` and `MediaUp` in either order,
/// then sound and keys, then `HungUp` exactly once. A call that nobody takes goes straight to
/// `HungUp` with its cause.
pub trait Leg: Send {
    /// The next thing that happens. Cancel safe. After `HungUp` it never completes.
    fn next(&mut self) -> BoxFuture<'_, LegEvent>;

    /// Puts a frame on the wire at once, after `skipped` frames of time that passed unsent. Never
    /// blocks; a frame that cannot be sent is lost and counted.
    fn play(&mut self, frame: &Frame, skipped: u32);

    /// Begins to hang up, if need be, and to give back everything the call held. Completes without
    /// waiting for the telephone system: what was begun goes on whatever becomes of the leg.
    /// Harmless when repeated.
    fn hangup(&mut self) -> BoxFuture<'_, ()>;

    /// Completes when everything that [`Leg::hangup`] began is done. Cancel safe.
    fn gone(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    /// Counters so far.
    fn stats(&self) -> LegStats {
        LegStats::default()
    }
}

/// A call to be placed.
#[derive(Debug, Clone)]
pub struct DialRequest {
    /// The call's id, unique; names what the call makes in the telephone system. Letters, digits,
    /// `-` and `_` only.
    pub call_id: String,
    /// Whom to call.
    pub number: Phone,
    /// What the far phone shows; `None` leaves it to the trunk.
    pub caller_id: Option<Phone>,
    /// How long the far phone rings.
    pub ring_for: Duration,
    /// Law of the sound between telephone system and bridge.
    pub codec: Codec,
}

/// A call that could not even be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialError {
    /// As the call's record names it.
    pub cause: Cause,
    /// What went wrong, without anything personal.
    pub detail: String,
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the call could not be placed ({:?}): {}", self.cause, self.detail)
    }
}

impl std::error::Error for DialError {}

/// Something that can place calls.
pub trait Dialer: Send + Sync {
    /// Asks for a call and answers with its leg as soon as the telephone system has taken it; what
    /// becomes of it is told by the leg.
    fn dial(&self, request: DialRequest) -> BoxFuture<'_, Result<Box<dyn Leg>, DialError>>;
}
