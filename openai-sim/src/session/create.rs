//! Responses: begun by the client or by the end of a turn, at most one at a time in the conversation.
//!
//! The n-th response of the conversation speaks the n-th line of the script, whatever `instructions` it was
//! given; after the farewell it may call `end_call`. Responses out of band speak the line for afterwards and
//! leave the script where it is.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Event, Handled, Session,
    plan::{Wish, plan},
    response::{Running, Terms},
    settings::format_of,
    usage::{Tokens, text_tokens},
};
use crate::{refusal::Refusal, speech, validate};

/// The function the farewell calls when the session offers it, and its arguments.
const END_CALL: (&str, &str) = ("end_call", r#"{"reason":"goodbye"}"#);

impl Session {
    /// Begins a response with its own settings over the session's.
    pub(super) fn create_response(&mut self, own: Event) -> Handled {
        validate::response(&own, self.settings.model())?;
        let out_of_band = own.get("conversation").is_some_and(|conversation| conversation == "none");
        if let Some(active) = self.running.iter().find(|running| running.in_conversation() && !out_of_band) {
            let message = format!(
                "Conversation already has an active response in progress: {}. Wait until the response is finished before \
                 creating a new one.",
                active.terms.id
            );
            return Err(Refusal::new("conversation_already_has_active_response", message));
        }
        let effective = self.effective(own);
        let voice = &effective["audio"]["output"]["voice"];
        if self.voice_frozen && *voice != self.settings.json()["audio"]["output"]["voice"] {
            let message = "Cannot update a conversation's voice if assistant audio is present.";
            return Err(Refusal::new("cannot_update_voice", message).at("response.audio.output.voice"));
        }
        self.begin(&effective, out_of_band);
        Ok(())
    }

    /// The session's settings with those of one response over them.
    fn effective(&self, own: Event) -> Value {
        let mut effective = self.settings.json().clone();
        effective["metadata"] = Value::Null;
        for (name, value) in own {
            if name == "audio" {
                for (field, value) in value["output"].as_object().into_iter().flatten() {
                    effective["audio"]["output"][field] = value.clone();
                }
            } else {
                effective[&name] = value;
            }
        }
        effective
    }

    fn begin(&mut self, effective: &Value, out_of_band: bool) {
        self.responses += 1;
        self.idle_at = None;
        let overflow = self.fit(effective);
        let wish = self.wish(effective, out_of_band, overflow);
        let input = self.reads(effective);
        let terms = Terms {
            id: self.out.id("resp"),
            conversation_id: (!out_of_band).then(|| self.conversation_id.clone()),
            text_only: wish.text_only,
            format: wish.format,
            voice: effective["audio"]["output"]["voice"].clone(),
            max_output_tokens: effective["max_output_tokens"].clone(),
            metadata: effective["metadata"].clone(),
            input,
            earlier: std::mem::replace(&mut self.earlier, input),
        };
        let steps = plan(&wish, self.now, &self.timing, self.timing.dice(self.responses));
        self.running.push(Running::begin(terms, steps, self.faults.created_missing(), &mut self.out));
    }

    /// What the model reads: instructions, tools and the conversation.
    pub(super) fn reads(&self, effective: &Value) -> Tokens {
        let conversation = self.conversation.tokens();
        let instructions = text_tokens(effective["instructions"].as_str().unwrap_or_default());
        let tools = effective["tools"].as_array().into_iter().flatten().map(|tool| text_tokens(&tool.to_string()));
        Tokens { text: conversation.text + instructions + tools.sum::<u64>(), ..conversation }
    }

    /// `overflow` is the code a response fails with that would read too much.
    fn wish(&mut self, effective: &Value, out_of_band: bool, overflow: Option<String>) -> Wish {
        let language = self.settings.language();
        let script = speech::assistant(language);
        let failure = self.faults.response_failed(self.responses).or(overflow);
        let speaks = failure.is_none() && !self.faults.response_silent(self.responses);
        let farewell = speaks && !out_of_band && self.spoken + 1 == script.len();
        let line = match script.get(self.spoken) {
            Some(line) if !out_of_band => *line,
            _ => speech::after(language),
        };
        if speaks && !out_of_band {
            self.spoken += 1;
        }
        let preamble = (speaks && self.faults.two_items()).then(|| speech::after(language));
        Wish {
            lines: preamble.into_iter().chain(speaks.then_some(line)).collect(),
            call: if speaks { self.call(effective, farewell) } else { None },
            text_only: effective["output_modalities"] == json!(["text"]),
            format: self.granted(effective),
            max_tokens: effective["max_output_tokens"].as_u64().unwrap_or(u64::MAX),
            failure,
            done_early: self.faults.done_before_deltas(),
        }
    }

    /// The function that this response calls, with its arguments.
    fn call(&self, effective: &Value, farewell: bool) -> Option<(String, String)> {
        let scripted = self.calls.iter().find(|call| call.response == self.responses);
        let scripted = scripted.map(|call| (call.name.clone(), call.arguments.clone()));
        let end = farewell.then(|| (END_CALL.0.to_owned(), END_CALL.1.to_owned()));
        scripted.or(end).filter(|(name, _)| offers(effective, name))
    }

    fn granted(&self, effective: &Value) -> crate::codec::Format {
        self.faults.grant().unwrap_or_else(|| format_of(&effective["audio"]["output"]["format"]))
    }

    /// Performs the next step of a response and forgets it when it is over.
    pub(super) fn step_response(&mut self, index: usize) {
        let running = &mut self.running[index];
        running.step(&mut self.out, &mut self.conversation);
        self.voice_frozen |= running.audio_ms() > 0;
        if running.due().is_none() {
            let over = self.running.remove(index);
            if over.in_conversation() {
                self.wait_for_the_caller(over.audio_ms());
            }
        }
    }

    /// The idle timeout runs from when the answer has been played, as the server guesses it.
    fn wait_for_the_caller(&mut self, audio_ms: u64) {
        let timeout = self.settings.turn_detection().and_then(|detection| detection.idle_timeout);
        self.idle_at = timeout.map(|timeout| self.now + Duration::from_millis(audio_ms) + timeout);
    }

    pub(super) fn cancel(&mut self, id: Option<&str>) -> Handled {
        let index = self.running.iter().position(|running| match id {
            Some(id) => running.terms.id == id,
            None => running.in_conversation(),
        });
        let index = index.ok_or_else(|| {
            Refusal::new("response_cancel_not_active", "Cancellation failed: no active response found")
        })?;
        self.cut(index, "client_cancelled");
        Ok(())
    }

    /// Cancels the conversation's response, if there is one.
    pub(super) fn interrupt(&mut self, reason: &str) {
        if let Some(index) = self.running.iter().position(Running::in_conversation) {
            self.cut(index, reason);
        }
    }

    fn cut(&mut self, index: usize, reason: &str) {
        let mut running = self.running.remove(index);
        running.cancel(reason, self.faults.late_deltas(), &mut self.out, &mut self.conversation);
    }
}

/// Whether a response may call that function.
fn offers(effective: &Value, name: &str) -> bool {
    let tools = effective["tools"].as_array().into_iter().flatten();
    effective["tool_choice"] != "none"
        && tools.into_iter().any(|tool| tool["type"] == "function" && tool["name"] == name)
}
