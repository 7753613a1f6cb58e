//! What the bridge needs of a telephone, whatever carries it.

use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::{Language, Phone};
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
    /// Packets and messages that were not what the leg expects.
    pub malformed: u64,
    /// RFC 4733 packets: keys travel another way, these only take a place in the stream.
    pub telephone_events: u64,
    /// RFC 3389 packets: the far end describes its silence instead of sending it.
    pub comfort_noise: u64,
    /// Keys that could not be pressed.
    pub unpressed: u64,
    /// Times the way of the sound was lost in mid-call and made again.
    pub mended: u64,
}

impl LegStats {
    /// The counters of a way that is gone, and those of the one that took its place.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            inbound: self.inbound.plus(other.inbound),
            sent: self.sent + other.sent,
            unsent: self.unsent + other.unsent,
            strangers: self.strangers + other.strangers,
            malformed: self.malformed + other.malformed,
            telephone_events: self.telephone_events + other.telephone_events,
            comfort_noise: self.comfort_noise + other.comfort_noise,
            unpressed: self.unpressed + other.unpressed,
            mended: self.mended + other.mended,
        }
    }
}

/// When a packet of sound was sent by the far end's clock, and when it arrived by ours. Two of the
/// same source tell how fast one clock runs against the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The stream; stamps of different streams cannot be compared (RFC 3550, SSRC).
    pub source: u32,
    /// RTP timestamp: samples of 1/8000 s, counted from anywhere, wrapping.
    pub timestamp: u32,
    /// Arrival.
    pub at: Instant,
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

    /// Silence at once: takes back what was handed over and has not been heard yet, and keeps it.
    /// Frames played from now on are heard meanwhile. Does nothing (the default) when what was
    /// handed over is heard.
    fn pause(&mut self) {}

    /// What [`Leg::pause`] keeps is heard first of all, from the sample at which it stopped.
    fn resume(&mut self) {}

    /// What was handed over and has not been heard never will be; nor what is kept.
    fn flush(&mut self) {}

    /// Picks up a call that came in. Harmless for any other, and when repeated.
    fn answer(&mut self) {}

    /// Presses keys: `0`-`9`, `*`, `#`, `A`-`D`; a `,` is a pause of 500 ms. Never blocks; what the
    /// telephone system refuses, and what is no key, is counted. Does nothing by default.
    fn press(&mut self, _keys: &str) {}

    /// Calls somebody else and, once they pick up, leaves the two with each other. Answers whether
    /// it was begun: a leg that cannot (the default), or is busy with another, says `false` and
    /// reports nothing.
    #[must_use = "without a transfer begun no event will come"]
    fn transfer(&mut self, _to: Transfer) -> bool {
        false
    }

    /// Gives up a transfer that nobody has picked up; no event of it follows. One that was picked
    /// up is not undone.
    fn cancel_transfer(&mut self) {}

    /// Sound handed over and not yet on its way to the far phone, as far as it is known here: what
    /// is in the telephone system's own queue or, during a pause, was taken back from it. It is in
    /// addition to the fixed delay of the way downstream, and 0 for a leg without a queue.
    fn in_flight(&self) -> Duration {
        Duration::ZERO
    }

    /// The newest packet of the far end, for those who measure its clock; `None` for a leg whose
    /// sound carries no time.
    fn stamp(&self) -> Option<Stamp> {
        None
    }

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
    /// Whose sentence is spoken when nobody of ours is there to speak.
    pub language: Language,
    /// Law of the sound between telephone system and bridge.
    pub codec: Codec,
}

/// Somebody to be joined with the far end.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// Whom to call.
    pub number: Phone,
    /// What their phone shows; `None` leaves it to the trunk.
    pub caller_id: Option<Phone>,
    /// How long their phone rings, at least 1 s.
    pub ring_for: Duration,
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
