//! One session of the load's model, without a socket: texts and the time go in, texts come out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Manner;
use crate::board::{Board, Call, Cut, lock};
use crate::sound::{Code, FRAME, FRAME_TIME, From};

/// What stands before the sound in an `append`, and after it.
const APPEND: (&str, &str) = (r#""audio":""#, "\"");

/// Loud frames that begin a turn (60 ms), and quiet ones that end it (500 ms).
const ONSET: u32 = 3;
const SILENCE: u32 = 25;

/// Bytes of the deltas, in turn: 100 ms and near it, so that most end in the middle of a frame.
const DELTAS: [usize; 4] = [800, 763, 837, 801];

/// An answer under way.
struct Answer {
    response: String,
    item: String,
    number: u32,
    metadata: Value,
    /// Frames that are still to be made, and the number of the next.
    left: u32,
    next: u32,
    /// Bytes made and not sent.
    made: Vec<u8>,
    deltas: usize,
    begun: bool,
    due: Instant,
}

/// One connection.
pub(super) struct Session {
    board: Arc<Board>,
    manner: Manner,
    out: VecDeque<String>,
    number: u32,
    call: Option<Arc<Call>>,
    rest: Vec<u8>,
    /// The number of the telephone's next frame.
    next: Option<u32>,
    appended: u64,
    loud: u32,
    quiet: u32,
    turn: Option<String>,
    turns: u32,
    answers: u32,
    answer: Option<Answer>,
    last_item: Value,
}

impl Session {
    pub(super) fn new(board: Arc<Board>, manner: Manner) -> Self {
        let mut session = Self {
            board,
            manner,
            out: VecDeque::new(),
            number: 0,
            call: None,
            rest: Vec::new(),
            next: None,
            appended: 0,
            loud: 0,
            quiet: 0,
            turn: None,
            turns: 0,
            answers: 0,
            answer: None,
            last_item: Value::Null,
        };
        session.send("session.created", json!({ "session": { "type": "realtime", "expires_at": 4_102_444_800_u64 } }));
        session
    }

    pub(super) fn next_event(&mut self) -> Option<String> {
        self.out.pop_front()
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.answer.as_ref().map(|answer| answer.due)
    }

    fn send(&mut self, kind: &str, mut body: Value) {
        body["type"] = kind.into();
        self.out.push_back(body.to_string());
    }

    /// A text of the client.
    pub(super) fn receive(&mut self, now: Instant, text: &str) {
        if let Some(sound) = appended(text) {
            return self.hear(now, &sound);
        }
        let Ok(event) = serde_json::from_str::<Value>(text) else { return };
        match event["type"].as_str().unwrap_or_default() {
            "session.update" => {
                let session = &event["session"];
                let words = session["instructions"].as_str().unwrap_or_default();
                if let Some(number) = number_in(words) {
                    (self.number, self.call) = (number, Some(self.board.call(number)));
                }
                let session = session.clone();
                self.send("session.updated", json!({ "session": session }));
            }
            "response.create" if self.answer.is_none() => {
                let metadata = event["response"]["metadata"].clone();
                self.begin(now, metadata);
            }
            "response.create" => {
                let code = "conversation_already_has_active_response";
                let error = json!({ "type": "invalid_request_error", "code": code, "event_id": event["event_id"] });
                self.send("error", json!({ "error": error }));
            }
            "response.cancel" => {
                if let Some(answer) = self.answer.take() {
                    self.done(&answer, "cancelled");
                }
            }
            "conversation.item.truncate" => {
                let (item, heard) = (event["item_id"].clone(), event["audio_end_ms"].clone());
                let body = json!({ "item_id": item, "content_index": 0, "audio_end_ms": heard });
                self.send("conversation.item.truncated", body);
            }
            "conversation.item.delete" => {
                self.send("conversation.item.deleted", json!({ "item_id": event["item_id"] }));
            }
            _ => {}
        }
    }

    fn hear(&mut self, now: Instant, sound: &[u8]) {
        let Some(call) = self.call.clone() else { return };
        self.rest.extend_from_slice(sound);
        let held = std::mem::take(&mut self.rest);
        let frames = held.chunks_exact(FRAME);
        self.rest = frames.remainder().to_vec();
        for frame in frames {
            call.appended.fetch_add(1, Ordering::Relaxed);
            self.appended += 1;
            let code = Code::read(frame);
            let mut flow = lock(&call.inward);
            match code {
                Some(code) if code.from == From::Phone && code.call == self.number => {
                    flow.intact += 1;
                    let expected = self.next.unwrap_or(code.number);
                    flow.faults.lost += u64::from(code.number.saturating_sub(expected));
                    flow.faults.repeated += u64::from(code.number < expected);
                    drop(flow);
                    self.next = Some(code.number.max(expected) + 1);
                    let mut ends = lock(&call.ends);
                    let first = ends.map_or(code.number, |(first, _)| first);
                    *ends = Some((first, code.number));
                    drop(ends);
                    self.board.measure(|figures| figures.inward.add(self.board.clock.since(code.stamp, now)));
                }
                Some(_) => flow.faults.foreign += 1,
                None if Code::is_ours(frame) => flow.faults.corrupt += 1,
                None => flow.faults.made_up += 1,
            }
            self.listen(now, code.is_some_and(|code| code.loud));
        }
    }

    /// Finds turns.
    fn listen(&mut self, now: Instant, loud: bool) {
        (self.loud, self.quiet) = if loud { (self.loud + 1, 0) } else { (0, self.quiet + 1) };
        let ms = self.appended * 20;
        if self.turn.is_none() && self.loud == ONSET {
            self.turns += 1;
            let item = format!("item_u{}_{}", self.number, self.turns);
            self.turn = Some(item.clone());
            if let Some(call) = self.call.as_ref().filter(|_| self.answers > 0) {
                *lock(&call.cut) = Some(Cut { answer: self.answers, at: Instant::now() });
            }
            let body = json!({ "item_id": item, "audio_start_ms": ms.saturating_sub(60) });
            self.send("input_audio_buffer.speech_started", body);
        }
        if self.quiet >= SILENCE
            && let Some(item) = self.turn.take()
        {
            self.send("input_audio_buffer.speech_stopped", json!({ "item_id": item, "audio_end_ms": ms }));
            let previous = std::mem::replace(&mut self.last_item, item.as_str().into());
            let place = json!({ "item_id": item, "previous_item_id": previous });
            self.send("input_audio_buffer.committed", place);
            let user = json!({ "id": item, "type": "message", "role": "user", "content": [] });
            self.send("conversation.item.added", json!({ "previous_item_id": previous, "item": user }));
            let text = json!({ "item_id": item, "content_index": 0, "transcript": "I see." });
            self.send("conversation.item.input_audio_transcription.completed", text);
            if self.answer.is_none() {
                self.begin(now, Value::Null);
            }
        }
    }

    /// An answer begins.
    fn begin(&mut self, now: Instant, metadata: Value) {
        self.answers += 1;
        let number = self.answers;
        let response = format!("resp_{}_{number}", self.number);
        let item = format!("item_a{}_{number}", self.number);
        let about = json!({ "id": response, "status": "in_progress", "output": [], "metadata": metadata });
        self.send("response.created", json!({ "response": about }));
        let spoken = json!({ "id": item, "type": "message", "role": "assistant", "status": "in_progress" });
        self.send("response.output_item.added", json!({ "response_id": response, "item": spoken }));
        let previous = std::mem::replace(&mut self.last_item, item.as_str().into());
        self.send("conversation.item.added", json!({ "previous_item_id": previous, "item": spoken }));
        let left = self.manner.frames.0 + (self.number * 13 + number * 29) % self.manner.frames.1.max(1);
        // Spread over the 20 ms of a tick, so that no phase is preferred.
        let spread = Duration::from_micros(u64::from((self.number * 7919 + number * 4177) % 20_000));
        let due = now + self.manner.think + spread;
        let (made, deltas) = (Vec::new(), 0);
        self.answer = Some(Answer { response, item, number, metadata, left, next: 0, made, deltas, begun: false, due });
    }

    /// Says what is due.
    pub(super) fn tick(&mut self, now: Instant) {
        while let Some(mut answer) = self.answer.take_if(|answer| answer.due <= now) {
            if self.speak(&mut answer) {
                self.answer = Some(answer);
            }
        }
    }

    /// One delta; answers whether there are more.
    fn speak(&mut self, answer: &mut Answer) -> bool {
        if !std::mem::replace(&mut answer.begun, true) {
            let piece = json!({ "response_id": answer.response, "item_id": answer.item, "delta": "Well, well." });
            self.send("response.output_audio_transcript.delta", piece);
        }
        let length = DELTAS[answer.deltas % DELTAS.len()];
        let stamp = self.board.clock.stamp(Instant::now());
        while answer.left > 0 && answer.made.len() < length {
            let (call, number) = (self.number, answer.next);
            let code = Code { from: From::Model, loud: true, call, answer: answer.number, number, stamp };
            answer.made.extend(code.frame());
            answer.left -= 1;
            answer.next += 1;
        }
        let length = length.min(answer.made.len());
        let sound: Vec<u8> = answer.made.drain(..length).collect();
        self.out.push_back(format!(
            r#"{{"type":"response.output_audio.delta","response_id":"{}","item_id":"{}","delta":"{}"}}"#,
            answer.response,
            answer.item,
            STANDARD.encode(sound),
        ));
        answer.deltas += 1;
        answer.due += FRAME_TIME * 5 / self.manner.pace.max(1);
        if answer.left > 0 || !answer.made.is_empty() {
            return true;
        }
        self.send("response.output_audio.done", json!({ "response_id": answer.response, "item_id": answer.item }));
        let text = json!({ "response_id": answer.response, "item_id": answer.item, "transcript": "Well, well." });
        self.send("response.output_audio_transcript.done", text);
        self.done(answer, "completed");
        false
    }

    fn done(&mut self, answer: &Answer, status: &str) {
        let item = json!({ "id": answer.item, "type": "message", "role": "assistant", "status": status });
        self.send("response.output_item.done", json!({ "response_id": answer.response, "item": item }));
        let usage = json!({ "total_tokens": 200, "input_tokens": 100, "output_tokens": 100 });
        let response = json!({
            "id": answer.response, "status": status, "output": [item], "metadata": answer.metadata, "usage": usage,
        });
        self.send("response.done", json!({ "response": response }));
    }
}

/// The sound of an `append`, found without reading the whole as JSON; `None` when it is another event.
fn appended(text: &str) -> Option<Vec<u8>> {
    // No event that comes often is longer than an append, and only an append has this name.
    let (head, tail) = text.split_once(APPEND.0)?;
    let (sound, _) = tail.split_once(APPEND.1)?;
    if !head.contains("input_audio_buffer.append") {
        return None;
    }
    STANDARD.decode(sound).ok()
}

/// The number after the word `call`.
fn number_in(words: &str) -> Option<u32> {
    let (_, after) = words.split_once("call ")?;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        let mut session = Session::new(Arc::new(Board::default()), Manner::default());
        session.receive(Instant::now(), r#"{"type":"session.update","session":{"instructions":"This is call 7."}}"#);
        session.out.clear();
        session
    }

    fn append(code: Code) -> String {
        format!(r#"{{"type":"input_audio_buffer.append","audio":"{}"}}"#, STANDARD.encode(code.frame()))
    }

    fn kinds(session: &mut Session) -> Vec<String> {
        let events = std::iter::from_fn(|| session.next_event());
        let kind = |event: String| serde_json::from_str::<Value>(&event).unwrap()["type"].as_str().unwrap().to_owned();
        events.map(kind).collect()
    }

    #[test]
    fn a_turn_is_found_in_coded_sound_and_answered_with_coded_sound() {
        let (mut session, now) = (session(), Instant::now());
        for number in 0..40 {
            let loud = number < 10;
            let code = Code { from: From::Phone, loud, call: 7, answer: 0, number, stamp: 0 };
            session.receive(now, &append(code));
        }
        let heard = kinds(&mut session);
        assert_eq!(heard[0], "input_audio_buffer.speech_started");
        assert!(heard.contains(&"response.created".to_owned()), "{heard:?}");
        let call = session.board.call(7);
        let flow = *lock(&call.inward);
        assert_eq!((flow.intact, flow.faults.count()), (40, 0));
        session.tick(now + Duration::from_mins(1));
        let mut sound = Vec::new();
        while let Some(event) = session.next_event() {
            let event: Value = serde_json::from_str(&event).unwrap();
            if event["type"] == "response.output_audio.delta" {
                sound.extend(STANDARD.decode(event["delta"].as_str().unwrap()).unwrap());
            }
        }
        let codes: Vec<_> = sound.chunks(FRAME).map(|frame| Code::read(frame).unwrap()).collect();
        assert!(codes.iter().enumerate().all(|(n, code)| code.number as usize == n && code.call == 7));
        assert!((100..200).contains(&codes.len()));
    }

    #[test]
    fn a_gap_and_a_foreign_frame_are_noticed() {
        let (mut session, now) = (session(), Instant::now());
        for (call, number) in [(7, 0), (7, 3), (8, 4), (7, 4)] {
            session.receive(now, &append(Code { from: From::Phone, loud: false, call, answer: 0, number, stamp: 0 }));
        }
        let faults = lock(&session.board.call(7).inward).faults;
        assert_eq!((faults.lost, faults.foreign, faults.repeated), (2, 1, 0));
    }
}
