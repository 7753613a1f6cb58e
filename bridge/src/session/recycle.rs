//! Planned change of the model's session, before it expires or its context is full: another socket is
//! opened beside the one in use, told everything, and takes over at a quiet moment.

use std::time::{Duration, Instant};

use super::Session;
use super::deadlines::Reason;
use super::input::{LinkEvent, NextEvent};
use super::output::Output;
use super::state::Phase;
use super::translation::Translation;
use crate::realtime::command::{ClientEvent, Command};
use crate::realtime::event::{ServerEvent, SessionBody};

/// A session is changed this long before it expires, as soon as nobody speaks.
const BEFORE_EXPIRY: Duration = Duration::from_mins(5);

/// This long before it expires it is changed whoever speaks.
const AT_THE_LATEST: Duration = Duration::from_mins(1);

/// Tokens of context from which a session is changed: the service drops what was said first at about
/// 28,000 (32,768 less the longest answer).
const CONTEXT: u64 = 24_000;

/// The other socket has this long to be ready.
const READY_WITHIN: Duration = Duration::from_secs(5);

/// After a failed change, and after one that found no quiet moment, the next is tried this much later.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// The caller's latest sound that the other session hears again, in bytes: half a second.
const LATEST: usize = 4_000;

/// The socket that will take over.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Next {
    #[default]
    None,
    /// Being opened, or the server has not spoken.
    Opening,
    /// The session's values were sent.
    Configuring,
    /// Confirmed: it takes over at the next quiet moment.
    Ready,
}

/// When and how the session is changed.
#[derive(Debug, Default)]
pub struct Recycle {
    next: Next,
    /// It is time, as soon as nobody speaks.
    due: bool,
    /// It is time whoever speaks.
    urgent: bool,
}

impl Recycle {
    /// A session was lost or changed: what was planned for it is void.
    fn reset(&mut self) {
        *self = Self::default();
    }
}

impl Session {
    /// A session began that expires; plans its end.
    pub(super) fn plan_recycle(&mut self, now: Instant, session: &SessionBody) {
        self.drop_next();
        self.recycle.reset();
        self.deadlines.clear(Reason::Recycle);
        self.deadlines.clear(Reason::Expiry);
        let (Some(expires_at), Some(unix_now)) = (session.expires_at, self.link.up_at) else { return };
        let Ok(left) = u64::try_from(expires_at - unix_now) else { return };
        let left = Duration::from_secs(left);
        // Short sessions exist in tests of the service; their bounds shrink with them.
        let before = BEFORE_EXPIRY.min(left / 2);
        self.deadlines.set(Reason::Recycle, now + left.saturating_sub(before));
        self.deadlines.set(Reason::Expiry, now + left.saturating_sub(AT_THE_LATEST.min(left / 4)));
    }

    /// A response told how full the context is.
    pub(super) fn note_context(&mut self, now: Instant, input_tokens: u64) {
        if input_tokens >= CONTEXT && !self.recycle.due {
            self.deadlines.set(Reason::Recycle, now);
        }
    }

    /// It is time to change the session as soon as nobody speaks.
    pub(super) fn on_recycle_due(&mut self, now: Instant) {
        self.recycle.due = true;
        self.recycle_if_quiet(now);
    }

    /// The session is about to expire: now or never.
    pub(super) fn on_expiry_near(&mut self, now: Instant) {
        self.recycle.due = true;
        self.recycle.urgent = true;
        self.recycle_if_quiet(now);
    }

    /// Takes the next step of a change when the moment allows it.
    pub(super) fn recycle_if_quiet(&mut self, now: Instant) {
        if !self.recycle.due || !self.link.is_ready() || !matches!(self.phase, Phase::Talking) {
            return;
        }
        let quiet = self.queue.queued() == 0
            && self.caller_since.is_none()
            && !self.responses.busy()
            && !self.deadlines.is_set(Reason::Response)
            && !self.awaits_words(now);
        match self.recycle.next {
            Next::None if quiet || self.recycle.urgent => {
                self.recycle.next = Next::Opening;
                self.out.push(Output::OpenNext);
                self.deadlines.set(Reason::NextReady, now + READY_WITHIN);
            }
            Next::Ready if quiet || self.recycle.urgent => self.promote(now),
            _ => {}
        }
    }

    pub(super) fn on_next(&mut self, now: Instant, event: NextEvent) {
        match (event, self.recycle.next) {
            (NextEvent::Link(LinkEvent::Up { unix_now }), Next::Opening) => self.next_up_at = Some(unix_now),
            (NextEvent::Link(LinkEvent::Down(_)), next) if next != Next::None => self.on_next_failed(now),
            (NextEvent::Model(event), next) => match (*event, next) {
                (ServerEvent::SessionCreated(_), Next::Opening) => {
                    self.recycle.next = Next::Configuring;
                    let session = Box::new(self.session_config());
                    self.send_next(Command::SessionUpdate { session });
                }
                (ServerEvent::SessionUpdated(info), Next::Configuring) => {
                    let Some(translation) = Translation::of(&info.session, self.plan.codec) else {
                        return self.on_next_failed(now);
                    };
                    self.recycle.next = Next::Ready;
                    self.promised = Some((info.session, translation));
                    self.recycle_if_quiet(now);
                }
                (ServerEvent::Error(_), Next::Configuring) => self.on_next_failed(now),
                _ => {}
            },
            _ => {}
        }
    }

    /// The other session did not come about, or no quiet moment was found while it was fresh.
    pub(super) fn on_next_failed(&mut self, now: Instant) {
        self.drop_next();
        self.recycle.due = false;
        self.deadlines.set(Reason::Recycle, now + AGAIN_AFTER);
    }

    pub(super) fn drop_next(&mut self) {
        if self.recycle.next != Next::None {
            self.out.push(Output::CloseNext);
        }
        self.recycle.next = Next::None;
        self.deadlines.clear(Reason::NextReady);
    }

    /// Everything known is told to the other session, which is the one in use from here on.
    fn promote(&mut self, now: Instant) {
        let Some((session, translation)) = self.promised.take() else { return self.on_next_failed(now) };
        self.deadlines.clear(Reason::NextReady);
        self.stats.recycles += 1;
        for item in self.memory() {
            self.send_next(Command::ItemCreate { previous_item_id: None, item });
        }
        self.recycle.reset();
        self.deadlines.clear(Reason::Expiry);
        self.deadlines.clear(Reason::Recycle);
        let speaking = self.caller_since;
        self.remember_work();
        self.let_go_of_session(now);
        self.out.push(Output::Promote);
        self.link.up_at = self.next_up_at.take();
        self.begin_session(now, &session, translation);
        // At a quiet moment there is nothing to hear but a word that begins right now.
        self.replay_sound(now, if speaking.is_some() { usize::MAX } else { LATEST });
        self.caller_since = speaking;
        self.speak_up(now);
    }

    fn send_next(&mut self, command: Command) {
        self.events_sent += 1;
        let event_id = Some(format!("evt_{}", self.events_sent));
        self.out.push(Output::SendNext(ClientEvent { event_id, command }));
    }
}
