//! Everything that can happen to a call, in any order and at any time.

#![no_main]

use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bridge::realtime::event::ServerEvent;
use bridge::realtime::failure::Failure;
use bridge::session::{
    Cause, Control, Done, Input, LinkEvent, NextEvent, Output, PhoneEvent, Plan, Resumed, Session,
};
use bytes::Bytes;
use domain::Language;
use domain::calls::EndReason;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

/// The most that is done with one input: an hour of virtual time takes about a second.
const MOST_STEPS: usize = 400;

/// A call and what happens to it.
#[derive(Arbitrary, Debug)]
struct Story {
    language: u8,
    detect_machine: bool,
    prepare_greeting: bool,
    resumed: bool,
    idle: bool,
    steps: Vec<Step>,
}

#[derive(Arbitrary, Debug)]
struct Step {
    after_ms: u16,
    what: What,
}

#[derive(Arbitrary, Debug)]
enum What {
    /// Time passes until the session wants to be woken, so many times.
    Wake(u8),
    Ringing,
    Answered,
    MediaUp,
    Key(u8),
    HungUp(u8),
    Caller(u16),
    Filled,
    LinkUp,
    LinkMalformed,
    LinkDown { fatal: bool },
    Said(Said),
    /// The same on the socket that shall take over.
    NextUp,
    NextDown,
    NextSaid(Said),
    Transferred,
    TransferFailed,
    Done { task: u8, how: u8 },
    InFlight(u8),
    WindDown,
    End,
}

/// What the model's server says. Ids are few, so that they meet.
#[derive(Arbitrary, Debug)]
enum Said {
    SessionCreated,
    SessionUpdated { other_format: bool },
    SpeechStarted { item: u8, at: u32 },
    SpeechStopped { item: u8, at: u32 },
    Committed { item: u8, after: Option<u8> },
    ItemAdded { item: u8, after: Option<u8>, user: bool },
    Transcribed { item: u8, failed: bool },
    ResponseCreated { response: u8, asked: Option<u8> },
    OutputItem { response: u8, item: u8 },
    Text { response: u8, item: u8, done: bool },
    Audio { response: u8, item: u8, length: u16 },
    AudioDone { response: u8, item: u8 },
    ResponseDone { response: u8, status: u8, asked: Option<u8>, calls: Option<(u8, u8)> },
    Error { code: u8, event: u8 },
    Anything(String),
}

const STATUSES: [&str; 5] = ["completed", "cancelled", "failed", "incomplete", "in_progress"];
const CODES: [&str; 8] = [
    "response_cancel_not_active",
    "conversation_already_has_active_response",
    "rate_limit_exceeded",
    "session_expired",
    "invalid_tool_call_id",
    "insufficient_quota",
    "server_error",
    "something_new",
];
const TOOLS: [&str; 4] = ["end_call", "transfer_to_caregiver", "take_note", "unknown"];
const UNIX_NOW: i64 = 1_800_000_000;
const CAUSES: [Cause; 6] =
    [Cause::Normal, Cause::Busy, Cause::NoAnswer, Cause::Rejected, Cause::Unreachable, Cause::Failed];

impl Said {
    fn json(&self) -> Value {
        let item = |item: &u8| format!("item_{}", item % 8);
        let response = |response: &u8| format!("resp_{}", response % 8);
        let before = |after: &Option<u8>| after.as_ref().map(item);
        let metadata = |asked: &Option<u8>| asked.map(|tag| json!({ "ask": tag.to_string() }));
        match self {
            Self::SessionCreated => json!({ "type": "session.created", "session": {} }),
            Self::SessionUpdated { other_format } => {
                let format = json!({ "type": if *other_format { "audio/pcm" } else { "audio/pcmu" } });
                let audio = json!({ "input": { "format": format }, "output": { "format": format } });
                json!({ "type": "session.updated", "session": { "audio": audio, "expires_at": UNIX_NOW + 120 } })
            }
            Self::SpeechStarted { item: id, at } => {
                json!({ "type": "input_audio_buffer.speech_started", "item_id": item(id), "audio_start_ms": at })
            }
            Self::SpeechStopped { item: id, at } => {
                json!({ "type": "input_audio_buffer.speech_stopped", "item_id": item(id), "audio_end_ms": at })
            }
            Self::Committed { item: id, after } => {
                json!({ "type": "input_audio_buffer.committed", "item_id": item(id), "previous_item_id": before(after) })
            }
            Self::ItemAdded { item: id, after, user } => {
                let role = if *user { "user" } else { "assistant" };
                let added = json!({ "id": item(id), "type": "message", "role": role });
                json!({ "type": "conversation.item.added", "previous_item_id": before(after), "item": added })
            }
            Self::Transcribed { item: id, failed: false } => json!({
                "type": "conversation.item.input_audio_transcription.completed", "item_id": item(id),
                "transcript": if id % 2 == 0 { "I can't breathe" } else { "mm-hm" },
            }),
            Self::Transcribed { item: id, failed: true } => json!({
                "type": "conversation.item.input_audio_transcription.failed", "item_id": item(id),
                "error": { "code": "audio_unintelligible" },
            }),
            Self::ResponseCreated { response: id, asked } => {
                let body = json!({ "id": response(id), "status": "in_progress", "metadata": metadata(asked) });
                json!({ "type": "response.created", "response": body })
            }
            Self::OutputItem { response: id, item: spoken } => {
                let spoken = json!({ "id": item(spoken), "type": "message", "role": "assistant" });
                json!({ "type": "response.output_item.added", "response_id": response(id), "item": spoken })
            }
            Self::Text { response: id, item: spoken, done } => {
                let kind = if *done { "done" } else { "delta" };
                json!({
                    "type": format!("response.output_audio_transcript.{kind}"), "response_id": response(id),
                    "item_id": item(spoken), "delta": "Well, ", "transcript": "Well, well.",
                })
            }
            Self::Audio { response: id, item: spoken, length } => json!({
                "type": "response.output_audio.delta", "response_id": response(id), "item_id": item(spoken),
                "delta": STANDARD.encode(vec![0x3C; usize::from(*length)]),
            }),
            Self::AudioDone { response: id, item: spoken } => {
                json!({ "type": "response.output_audio.done", "response_id": response(id), "item_id": item(spoken) })
            }
            Self::ResponseDone { response: id, status, asked, calls } => {
                let calls = calls.iter().map(|(tool, call)| {
                    json!({
                        "id": format!("item_f{call}"), "type": "function_call", "call_id": format!("call_{}", call % 4),
                        "name": TOOLS[usize::from(*tool) % TOOLS.len()], "arguments": "{\"text\":\"x\"}",
                    })
                });
                let body = json!({
                    "id": response(id), "status": STATUSES[usize::from(*status) % STATUSES.len()],
                    "metadata": metadata(asked), "output": calls.collect::<Vec<_>>(),
                });
                json!({ "type": "response.done", "response": body })
            }
            Self::Error { code, event } => {
                let code = CODES[usize::from(*code) % CODES.len()];
                let error = json!({ "type": "invalid_request_error", "code": code, "event_id": format!("evt_{event}") });
                json!({ "type": "error", "error": error })
            }
            Self::Anything(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        }
    }
}

/// One call, watched.
struct Call {
    session: Session,
    now: Instant,
    wake_at: Option<Instant>,
    ended: bool,
}

impl Call {
    fn give(&mut self, input: Input) {
        let outputs = self.session.handle(self.now, input);
        self.look(outputs);
    }

    fn look(&mut self, outputs: bridge::session::Outputs) {
        for output in &outputs.list {
            assert!(!self.ended, "something follows the end: {output:?}");
            self.ended |= matches!(output, Output::Ended(_));
        }
        self.wake_at = outputs.wake_at;
        assert_eq!(self.session.has_ended(), self.ended);
        assert!(self.ended || self.wake_at.is_some(), "a call that runs waits for nothing");
        let queue = self.session.queue();
        assert_eq!(queue.pushed(), queue.played() + queue.flushed() + queue.queued());
        for position in queue.positions() {
            assert!(position.played + position.flushed <= position.received, "more was heard than came");
        }
    }

    fn does(&mut self, what: &What) {
        let input = match what {
            What::Wake(times) => {
                for _ in 0..=*times % 64 {
                    let Some(at) = self.wake_at else { return };
                    self.now = self.now.max(at);
                    self.give(Input::Tick);
                }
                return;
            }
            What::Ringing => Input::Phone(PhoneEvent::Ringing),
            What::Answered => Input::Phone(PhoneEvent::Answered),
            What::MediaUp => Input::Phone(PhoneEvent::MediaUp),
            What::Key(key) => Input::Phone(PhoneEvent::Dtmf(char::from(*key))),
            What::HungUp(cause) => Input::Phone(PhoneEvent::HungUp(CAUSES[usize::from(*cause) % CAUSES.len()])),
            What::Caller(length) => Input::Caller(Bytes::from(vec![0x21; usize::from(*length) % 2000])),
            What::Filled => Input::Filled(Bytes::from_static(&[0xFF; 160])),
            What::LinkUp => Input::Link(LinkEvent::Up { unix_now: UNIX_NOW }),
            What::LinkMalformed => Input::Link(LinkEvent::Malformed),
            What::LinkDown { fatal: true } => Input::Link(LinkEvent::Down(Failure::Fatal("invalid_api_key".into()))),
            What::LinkDown { fatal: false } => Input::Link(LinkEvent::Down(Failure::Retry("close_1006".into()))),
            What::Said(said) => match ServerEvent::parse(&said.json().to_string()) {
                Ok(event) => Input::Model(Box::new(event)),
                Err(_) => Input::Link(LinkEvent::Malformed),
            },
            What::NextUp => Input::Next(NextEvent::Link(LinkEvent::Up { unix_now: UNIX_NOW })),
            What::NextDown => Input::Next(NextEvent::Link(LinkEvent::Down(Failure::Retry("close_1006".into())))),
            What::NextSaid(said) => match ServerEvent::parse(&said.json().to_string()) {
                Ok(event) => Input::Next(NextEvent::Model(Box::new(event))),
                Err(_) => Input::Next(NextEvent::Link(LinkEvent::Malformed)),
            },
            What::Transferred => Input::Phone(PhoneEvent::Transferred),
            What::TransferFailed => Input::Phone(PhoneEvent::TransferFailed(Cause::NoAnswer)),
            What::Done { task, how } => Input::Done {
                task: u64::from(*task % 16),
                done: match how % 5 {
                    0 => Done::Alerted { informed: u32::from(*how) },
                    1 => Done::Noted,
                    2 => Done::Caregiver("+15550100177".parse().ok()),
                    3 => Done::Caregiver(None),
                    _ => Done::Failed("unavailable".into()),
                },
            },
            What::InFlight(ms) => Input::InFlight(Duration::from_millis((*ms).into())),
            What::WindDown => Input::Command(Control::WindDown { reason: EndReason::Drained }),
            What::End => Input::Command(Control::End { reason: EndReason::EndedByCaregiver }),
        };
        self.give(input);
    }
}

fuzz_target!(|story: Story| {
    let now = Instant::now();
    let plan = Plan {
        detect_machine: story.detect_machine,
        prepare_greeting: story.prepare_greeting,
        resumed: story.resumed.then(|| Resumed { talked: Duration::from_secs(60), ..Resumed::default() }),
        idle: story.idle.then_some(Duration::from_secs(12)),
        ..Plan::new("call-1", Language::ALL[usize::from(story.language) % Language::ALL.len()])
    };
    let mut call = Call { session: Session::new(plan), now, wake_at: None, ended: false };
    let outputs = call.session.start(now);
    call.look(outputs);
    for step in story.steps.iter().take(MOST_STEPS) {
        call.now += Duration::from_millis(u64::from(step.after_ms % 2000));
        call.does(&step.what);
    }
    // However it went: a call that is left alone comes to its end.
    for _ in 0..200_000 {
        let Some(at) = call.wake_at else { break };
        call.now = call.now.max(at);
        call.give(Input::Tick);
    }
    assert!(call.ended, "a call goes on for ever");
});
