//! The far end of a call: a telephone and whoever holds it, driven by a test.

use std::time::{Duration, Instant};

use bytes::Bytes;

/// A moment of a telephone's life, 20 ms after the one before.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Now, a few microseconds before what is said goes on the wire.
    pub at: Instant,
    /// Whether the call is joined with the application's media channel. What is said before is heard by nobody.
    pub joined: bool,
}

/// What a telephone does with a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// Sends sound, normally 160 bytes of G.711.
    Says(Bytes),
    /// Sends no packet, as a muted or a held telephone.
    Nothing,
    /// A key was pressed: `0`-`9`, `*`, `#`, `A`-`D`.
    Presses(char),
    /// Hangs up.
    HangsUp,
}

/// Sound that reached the telephone.
#[derive(Debug, Clone, Copy)]
pub struct Heard<'a> {
    /// When the packet arrived; over `chan_websocket`, when its turn to be played came.
    pub at: Instant,
    /// G.711 bytes.
    pub sound: &'a [u8],
}

/// A telephone. Its methods are called one at a time and must not block.
pub trait Phone: Send + 'static {
    /// Every 20 ms from the answer on, on a schedule that does not drift.
    fn speak(&mut self, moment: Moment) -> Does;

    /// Whenever sound arrives while the call is joined.
    fn hear(&mut self, heard: Heard<'_>);

    /// The application presses a key for the other side to hear.
    fn key(&mut self, digit: char) {
        let _ = digit;
    }

    /// The call is over, with its Q.850 cause. Nothing follows.
    fn over(&mut self, cause: u32) {
        let _ = cause;
    }
}

/// A number that was dialled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialled {
    /// The channel.
    pub channel: String,
    /// The dial string, for example `PJSIP/+15550100042@trunk`.
    pub endpoint: String,
    /// What the far phone shows.
    pub caller_id: String,
}

impl Dialled {
    /// The number in the dial string.
    pub fn number(&self) -> &str {
        let after = self.endpoint.split_once('/').map_or(self.endpoint.as_str(), |(_, rest)| rest);
        after.split_once('@').map_or(after, |(number, _)| number)
    }
}

/// What becomes of a number that was dialled.
pub struct Answer {
    /// How long it rings before; a number that is busy or does not exist never rings.
    pub ring: Duration,
    /// What happens then.
    pub fate: Fate,
}

impl Answer {
    /// Somebody picks up after `ring`.
    pub fn by(phone: impl Phone, ring: Duration) -> Self {
        Self { ring, fate: Fate::PicksUp(Box::new(phone)) }
    }

    /// Nobody will be spoken to.
    pub fn of(fate: Fate) -> Self {
        Self { ring: Duration::ZERO, fate }
    }
}

/// How a call that was dialled turns out.
pub enum Fate {
    /// Somebody picks up.
    PicksUp(Box<dyn Phone>),
    /// 486 Busy Here.
    Busy,
    /// It rings until the caller's patience (`timeout`) is over.
    NoAnswer,
    /// 603 Decline.
    Declines,
    /// 404: nobody has this number.
    Unknown,
    /// 503: the trunk is overloaded.
    Congested,
    /// The trunk does not answer at all.
    TrunkDown,
}

/// How Asterisk tells a call that never came about.
pub(crate) struct Refusal {
    pub(crate) cause: u32,
    pub(crate) text: &'static str,
    /// SIP status.
    pub(crate) status: u32,
    pub(crate) dial: &'static str,
}

impl Fate {
    /// As recorded from Asterisk 22.10; `None` for a call that rings.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        let of = |cause, text, status, dial| Some(Refusal { cause, text, status, dial });
        match self {
            Self::PicksUp(_) | Self::NoAnswer => None,
            Self::Busy => of(17, "User busy", 486, "BUSY"),
            Self::Declines => of(21, "Call Rejected", 603, "NOANSWER"),
            Self::Unknown => of(1, "Unallocated (unassigned) number", 404, "NOANSWER"),
            Self::Congested => of(34, "Circuit/channel congestion", 503, "CONGESTION"),
            Self::TrunkDown => of(18, "No user responding", 408, "NOANSWER"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_found_in_the_dial_string() {
        let dialled =
            |endpoint: &str| Dialled { channel: "c".into(), endpoint: endpoint.into(), caller_id: String::new() };
        assert_eq!(dialled("PJSIP/+15550100042@trunk").number(), "+15550100042");
        assert_eq!(dialled("PJSIP/+15550100042").number(), "+15550100042");
        assert_eq!(dialled("nonsense").number(), "nonsense");
    }
}
