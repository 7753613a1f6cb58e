//! Telephones that do as they are told.

use std::collections::VecDeque;

use bridge::audio::frame::{Codec, FRAME_BYTES, FRAME_TIME, Frame};
use bridge::session::{Cause, PhoneEvent};
use bridge::telephony::leg::{DialError, DialRequest, Dialer, Leg, LegEvent};
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openai_sim::speech;
use tokio::time::{Instant, sleep_until};

/// What every telephone of a test does.
#[derive(Clone, Copy)]
pub(crate) enum Telephones {
    /// Answers, says a sentence once the greeting is over, then listens.
    Talk,
    /// The line is engaged.
    Engaged,
    /// The network does not take the call at all.
    Refused,
    /// Answers, says the sentence, listens for a moment, and hangs up.
    HangUp,
    /// Answers, says the sentence, and hangs up with its last word.
    CutOff,
    /// Answers, presses 0, says the sentence, and hangs up.
    Help,
    /// Answers, presses 0 and hangs up.
    HelpAndGone,
    /// The code that carries the call breaks.
    Panic,
}

impl Dialer for Telephones {
    fn dial(&self, _: DialRequest) -> BoxFuture<'_, Result<Box<dyn Leg>, DialError>> {
        let dialled = match self {
            Self::Refused => Err(DialError { cause: Cause::Unreachable, detail: "no trunk".to_owned() }),
            behaviour => Ok(Box::new(Telephone::new(*behaviour)) as Box<dyn Leg>),
        };
        std::future::ready(dialled).boxed()
    }
}

struct Telephone {
    events: VecDeque<PhoneEvent>,
    next_frame: Instant,
    /// Frames until the sentence; the greeting is about three seconds.
    quiet: u32,
    sentence: VecDeque<&'static [u8]>,
    /// Frames until it hangs up after the sentence.
    patience: Option<u32>,
    behaviour: Telephones,
    over: bool,
}

impl Telephone {
    fn new(behaviour: Telephones) -> Self {
        let events: &[PhoneEvent] = match behaviour {
            Telephones::Engaged => &[PhoneEvent::Ringing, PhoneEvent::HungUp(Cause::Busy)],
            Telephones::Help | Telephones::HelpAndGone => {
                &[PhoneEvent::Ringing, PhoneEvent::Answered, PhoneEvent::MediaUp, PhoneEvent::Dtmf('0')]
            }
            _ => &[PhoneEvent::Ringing, PhoneEvent::Answered, PhoneEvent::MediaUp],
        };
        let gone = matches!(behaviour, Telephones::HelpAndGone);
        let line: &[u8] = if gone { &[] } else { speech::patient("en")[0].audio };
        Self {
            events: events.iter().copied().collect(),
            next_frame: Instant::now(),
            quiet: if gone { 0 } else { 260 },
            sentence: line.chunks(FRAME_BYTES).collect(),
            patience: match behaviour {
                Telephones::HangUp | Telephones::Help => Some(75),
                Telephones::CutOff | Telephones::HelpAndGone => Some(0),
                _ => None,
            },
            behaviour,
            over: false,
        }
    }

    async fn next_event(&mut self) -> LegEvent {
        if let Some(event) = self.events.pop_front() {
            self.over |= matches!(event, PhoneEvent::HungUp(_));
            return LegEvent::Phone(event);
        }
        if self.over {
            std::future::pending::<()>().await;
        }
        assert!(!matches!(self.behaviour, Telephones::Panic), "this telephone breaks, as it should");
        // Changed only after the wait: whoever waits may be cancelled.
        sleep_until(self.next_frame).await;
        self.next_frame = Instant::now() + FRAME_TIME;
        let mut frame = Frame::silence(Codec::Ulaw).0;
        if self.quiet > 0 {
            self.quiet -= 1;
        } else if let Some(sound) = self.sentence.pop_front() {
            frame[..sound.len()].copy_from_slice(sound);
        } else if let Some(patience @ 1..) = self.patience {
            self.patience = Some(patience - 1);
        } else if self.patience.is_some() {
            self.over = true;
            return LegEvent::Phone(PhoneEvent::HungUp(Cause::Normal));
        }
        LegEvent::Audio(Bytes::copy_from_slice(&frame))
    }
}

impl Leg for Telephone {
    fn next(&mut self) -> BoxFuture<'_, LegEvent> {
        self.next_event().boxed()
    }

    fn play(&mut self, _: &Frame, _: u32) {}

    fn hangup(&mut self) -> BoxFuture<'_, ()> {
        self.over = true;
        std::future::ready(()).boxed()
    }
}
