//! Responses of the model: asked for, running, cancelled; and which of them is ours.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Session;
use super::deadlines::Reason;
use super::directions;
use super::opinion;
use super::recovery::GIVE_UP_AFTER;
use super::state::Phase;
use crate::audio::frame::bytes_to_ms;
use crate::realtime::command::{Command, ResponseConfig};
use crate::realtime::event::Response;

/// A response that has not begun to sound after this long is asked for again.
pub(super) const RESPONSE_WITHIN: Duration = Duration::from_secs(8);

/// Cancelled responses remembered, against sound that is still on its way.
const REMEMBERED: usize = 64;

/// Why a response was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// To answer what was said or what a function returned.
    Answer,
    /// To go on after an interruption of the line.
    Resume,
    /// To ask whether somebody is still there.
    CheckIn,
    /// To open the call.
    Greeting,
    /// To leave a message on a machine.
    Message,
    /// To close the call; outranks everything.
    Farewell,
}

/// A response in progress.
#[derive(Debug)]
pub struct Active {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub purpose: Purpose,
    /// What it says, as far as announced.
    pub items: Vec<String>,
    /// Some of it can be heard.
    pub sounded: bool,
}

/// A response asked for and not yet begun.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What it is for.
    pub purpose: Purpose,
    tag: u64,
    /// The message that asked, as an error would name it.
    event_id: String,
    /// The caller began to speak meanwhile: cancel it when it begins.
    pub unwanted: bool,
    /// The server began a response by itself meanwhile.
    overtaken: bool,
}

/// Responses of the current connection.
#[derive(Debug, Default)]
pub struct Responses {
    /// In progress.
    pub active: Option<Active>,
    /// Asked for.
    pub asked: Option<Asked>,
    /// Asked for, and a response without a tag began, which may or may not be this one.
    believed: Option<Asked>,
    /// The server echoes tags: a response without one is never ours.
    tags_echoed: bool,
    /// To be asked for as soon as nothing else is going on.
    pub waiting: Option<Purpose>,
    /// Failed attempts in a row.
    pub strikes: u32,
    /// Sound of these is dropped.
    cancelled: VecDeque<String>,
    /// Items whose sound came from an earlier connection: the server knows only their text.
    pub foreign: Vec<String>,
    /// The item on the wire.
    pub sounding: Option<String>,
    tags: u64,
}

impl Responses {
    /// Whether the model is at work or about to be.
    pub fn busy(&self) -> bool {
        let asked = self.asked.as_ref().is_some_and(|asked| !asked.unwanted);
        self.active.is_some() || asked || self.waiting.is_some()
    }

    /// Whether sound of this response must not be played.
    pub fn is_cancelled(&self, response_id: &str) -> bool {
        self.cancelled.iter().any(|id| id == response_id)
    }

    /// Keeps any further sound of this response out.
    pub fn quarantine(&mut self, response_id: &str) {
        if response_id.is_empty() || self.is_cancelled(response_id) {
            return;
        }
        if self.cancelled.len() == REMEMBERED {
            self.cancelled.pop_front();
        }
        self.cancelled.push_back(response_id.to_owned());
    }

    /// What was being worked on, most urgent first.
    pub fn purpose(&self) -> Option<Purpose> {
        let asked = self.asked.as_ref().filter(|a| !a.unwanted).map(|a| a.purpose);
        let active = self.active.as_ref().filter(|a| !self.is_cancelled(&a.id)).map(|a| a.purpose);
        [asked, active, self.waiting].into_iter().flatten().max()
    }

    /// Whether this is the response that was asked for.
    pub fn expects(&self, response: &Response) -> bool {
        self.asked.as_ref().is_some_and(|asked| tag(response) == Some(asked.tag))
    }

    /// The server refused what was asked for in this message; without an id, whatever was asked for.
    pub fn refused(&mut self, event_id: Option<&str>) -> Option<Asked> {
        let same = |asked: &mut Asked| event_id.is_none_or(|id| id == asked.event_id);
        self.asked.take_if(same).or_else(|| self.believed.take_if(same))
    }

    /// Whether the server sends back what a response was asked with.
    pub fn tags_are_echoed(&self) -> bool {
        self.tags_echoed
    }

    /// Which of what was asked for this response is.
    fn claim(&mut self, response: &Response) -> Option<Asked> {
        if let Some(tag) = tag(response) {
            self.tags_echoed = true;
            let same = |asked: &mut Asked| asked.tag == tag;
            return self.asked.take_if(same).or_else(|| self.believed.take_if(same));
        }
        let asked = self.asked.as_mut()?;
        asked.overtaken = true;
        if self.tags_echoed {
            return None;
        }
        // By order it is the one. Should it turn out not to be, that is remembered.
        self.believed = self.asked.take();
        self.believed.clone()
    }

    /// The response in progress is over: whatever it was taken for is done.
    pub fn settled(&mut self) {
        self.believed = None;
    }

    /// The caller speaks: what was asked for and has not begun is not wanted any more.
    pub fn unwant(&mut self) {
        for asked in [&mut self.asked, &mut self.believed].into_iter().flatten() {
            asked.unwanted = true;
        }
        self.waiting = None;
    }

    /// Forgets what belongs to a lost connection.
    pub fn reset(&mut self) {
        self.active = None;
        self.asked = None;
        self.believed = None;
        self.waiting = None;
    }
}

/// The tag under which a response was asked for, when the server echoes it.
fn tag(response: &Response) -> Option<u64> {
    response.metadata.as_ref()?.get("ask")?.as_str()?.parse().ok()
}

impl Session {
    /// Asks the model to speak, now or as soon as it can.
    pub(super) fn ask(&mut self, now: Instant, purpose: Purpose) {
        let taken = self.responses.active.is_some() || self.responses.asked.is_some();
        if taken || !self.link.is_ready() {
            self.responses.waiting = self.responses.waiting.max(Some(purpose));
            return;
        }
        self.responses.waiting = None;
        self.responses.tags += 1;
        let tag = self.responses.tags;
        let message;
        let direction = match purpose {
            Purpose::Answer => None,
            Purpose::Resume => Some(directions::RESUME),
            Purpose::CheckIn => Some(directions::CHECK_IN),
            Purpose::Greeting => Some(self.plan.greeting.reveal().as_str()),
            Purpose::Message => {
                message = directions::message(&self.plan.voicemail);
                Some(message.as_str())
            }
            Purpose::Farewell => Some(directions::FAREWELL),
        };
        let response = ResponseConfig {
            instructions: direction.map(|direction| self.plan.with_direction(direction)),
            tool_choice: matches!(purpose, Purpose::Farewell | Purpose::Message).then_some("none"),
            metadata: Some([("ask".to_owned(), tag.to_string())].into()),
            ..ResponseConfig::default()
        };
        self.send(Command::ResponseCreate { response: Some(response) });
        let event_id = format!("evt_{}", self.events_sent);
        self.responses.believed = None;
        self.responses.asked = Some(Asked { purpose, tag, event_id, unwanted: false, overtaken: false });
        self.deadlines.set(Reason::Response, now + RESPONSE_WITHIN);
    }

    /// Asks for what had to wait, if nothing is in the way any more.
    pub(super) fn ask_waiting(&mut self, now: Instant) {
        if let Some(purpose) = self.responses.waiting {
            self.ask(now, purpose);
        }
    }

    pub(super) fn on_response_created(&mut self, now: Instant, response: &Response) {
        if opinion::number(response).is_some() {
            return;
        }
        let ours = self.responses.claim(response);
        let purpose = ours.as_ref().map_or(Purpose::Answer, |asked| asked.purpose);
        if purpose == Purpose::Greeting {
            self.greeting.response_id = Some(response.id.clone());
            self.greeting.done = false;
        }
        let id = response.id.clone();
        let unwanted = if let Some(asked) = &ours {
            asked.unwanted
        } else {
            // The server answers a cough, her own voice, an announcement, or somebody she does not speak
            // with any more.
            let dismissed = self.floor.dismissed.take().is_some();
            dismissed || self.is_with_machine() || self.phase == Phase::Transferred
        };
        if unwanted {
            self.responses.quarantine(&id);
            self.send(Command::ResponseCancel { response_id: Some(id.clone()) });
        } else {
            self.stages.on_created(now);
        }
        self.responses.active = Some(Active { id, purpose, items: Vec::new(), sounded: false });
        self.deadlines.set(Reason::Response, now + RESPONSE_WITHIN);
    }

    /// Another response is in progress. What was asked for is asked again after it, unless the other
    /// is one that the server began by itself: that one answers already.
    pub(super) fn on_create_refused(&mut self, event_id: Option<&str>) {
        let Some(asked) = self.responses.refused(event_id) else {
            if self.floor.dismissed.take().is_some() || self.is_with_machine() {
                // It was about to answer a cough, or her own voice.
                return;
            }
            // The server could not answer what the caller said while it was speaking.
            self.responses.waiting = self.responses.waiting.max(Some(Purpose::Answer));
            return;
        };
        if let Some(active) = self.responses.active.as_mut().filter(|_| asked.overtaken) {
            active.purpose = Purpose::Answer;
        }
        if asked.unwanted || asked.overtaken && asked.purpose < Purpose::Greeting {
            return;
        }
        if asked.purpose == Purpose::Greeting {
            self.greeting.response_id = None;
            self.greeting.done = false;
        }
        self.responses.waiting = self.responses.waiting.max(Some(asked.purpose));
    }

    /// Sound of a response that never was announced: it is taken for the one that was asked for.
    pub(super) fn adopt_unannounced(&mut self, now: Instant, response_id: &str) {
        let known = self.queue.positions().any(|p| p.response_id == response_id);
        if !known && self.responses.active.is_none() && self.responses.asked.is_some() {
            let id = response_id.to_owned();
            self.on_response_created(now, &Response { id, ..Response::default() });
        }
    }

    /// A response has sounded and never ended: it is over as far as the call is concerned.
    pub(super) fn on_stalled(&mut self, now: Instant) {
        self.stats.overdue += 1;
        let Some(active) = self.responses.active.take() else { return };
        self.queue.finish_response(&active.id);
        self.greeting.done = true;
        self.ask_waiting(now);
    }

    /// The queue is full: the answer is longer than any answer should be. What is queued is still
    /// played, the rest is cancelled, and the model learns where it was cut.
    pub(super) fn on_overflow(&mut self, response_id: &str, item_id: &str) {
        self.stats.overflows += 1;
        self.responses.quarantine(response_id);
        self.send(Command::ResponseCancel { response_id: Some(response_id.to_owned()) });
        self.queue.finish_response(response_id);
        let item_id = item_id.to_owned();
        match self.queue.position(&item_id).map(|p| bytes_to_ms(p.received)) {
            Some(audio_end_ms) => {
                self.send(Command::Truncate { item_id, content_index: 0, audio_end_ms });
            }
            None => self.delete(item_id),
        }
    }

    /// A response is overdue: ask once more, then give the connection up.
    pub(super) fn on_response_overdue(&mut self, now: Instant) {
        if self.caller_since.is_some() || !self.link.is_ready() {
            return;
        }
        if matches!(self.phase, Phase::Farewell(_)) && self.responses.purpose() < Some(Purpose::Message) {
            // Nothing is answered any more.
            return;
        }
        self.stats.overdue += 1;
        self.responses.strikes += 1;
        self.deadlines.set_if_clear(Reason::GiveUp, now + GIVE_UP_AFTER.saturating_sub(RESPONSE_WITHIN));
        let purpose = self.responses.purpose().unwrap_or(Purpose::Answer);
        if self.responses.strikes > 1 {
            self.responses.waiting = Some(purpose);
            return self.recover(now);
        }
        self.responses.asked = None;
        self.responses.waiting = None;
        if let Some(active) = self.responses.active.take() {
            self.responses.quarantine(&active.id);
            self.send(Command::ResponseCancel { response_id: Some(active.id) });
        }
        self.ask(now, purpose);
    }
}
