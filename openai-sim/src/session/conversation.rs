//! The conversation: items in order, and what the service refuses to do to them.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::usage::{Tokens, text_tokens};
use crate::{codec::Format, refusal::Refusal};

/// Audio of an item.
#[derive(Debug, Clone)]
pub(crate) struct Clip {
    pub(crate) format: Format,
    pub(crate) bytes: Vec<u8>,
}

impl Clip {
    pub(crate) fn millis(&self) -> u64 {
        (self.bytes.len() / self.format.bytes_per_ms()) as u64
    }
}

/// An item: its JSON without audio, and its audio.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) json: Value,
    pub(crate) clip: Option<Clip>,
    /// Cut by the client: its text is gone and what is generated later is not kept.
    pub(crate) truncated: bool,
    /// No longer read by the model: it did not fit into the context.
    forgotten: bool,
}

impl Item {
    pub(crate) fn new(json: Value, clip: Option<Clip>) -> Self {
        Self { json, clip, truncated: false, forgotten: false }
    }

    pub(crate) fn id(&self) -> &str {
        self.json["id"].as_str().unwrap_or_default()
    }

    fn is(&self, kind: &str, call_id: &str) -> bool {
        self.json["type"] == kind && self.json["call_id"] == call_id
    }
}

/// The default conversation.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    items: Vec<Item>,
}

impl Conversation {
    pub(crate) fn last_id(&self) -> Option<&str> {
        self.items.last().map(Item::id)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| item.id() == id)
    }

    /// The id of the item before this one.
    pub(crate) fn before(&self, id: &str) -> Option<&str> {
        let index = self.items.iter().position(|item| item.id() == id)?;
        index.checked_sub(1).map(|previous| self.items[previous].id())
    }

    /// Adds an item at the end.
    pub(crate) fn push(&mut self, item: Item) {
        self.items.push(item);
    }

    /// Adds a client's item after another, at the front (`"root"`) or at the end (`None`).
    pub(crate) fn insert(&mut self, item: Item, after: Option<&str>) -> Result<(), Refusal> {
        if self.items.iter().any(|other| other.id() == item.id()) {
            return Err(Refusal::invalid("item.id", "an id that is not in the conversation yet"));
        }
        self.answers_a_call(&item)?;
        let index = match after {
            None => self.items.len(),
            Some("root") => 0,
            Some(id) => match self.items.iter().position(|other| other.id() == id) {
                Some(index) => index + 1,
                None => return Err(Refusal::invalid("previous_item_id", "the id of an item in the conversation")),
            },
        };
        self.items.insert(index, item);
        Ok(())
    }

    /// A function's output needs a finished call, and a call takes one output.
    fn answers_a_call(&self, item: &Item) -> Result<(), Refusal> {
        if item.json["type"] != "function_call_output" {
            return Ok(());
        }
        let call_id = item.json["call_id"].as_str().unwrap_or_default();
        let called =
            self.items.iter().any(|other| other.is("function_call", call_id) && other.json["status"] != "in_progress");
        let answered = self.items.iter().any(|other| other.is("function_call_output", call_id));
        if called && !answered {
            return Ok(());
        }
        let message = format!("Tool call ID '{call_id}' not found in conversation, or already answered.");
        Err(Refusal::new("invalid_tool_call_id", message).at("item.call_id"))
    }

    /// The item with its audio.
    pub(crate) fn retrieve(&self, id: &str) -> Result<Value, Refusal> {
        let item =
            self.items.iter().find(|item| item.id() == id).ok_or_else(|| no_such_item("retrieve", "retrieving", id))?;
        let mut json = item.json.clone();
        if let (Some(clip), Some(part)) = (&item.clip, json["content"].get_mut(0)) {
            part["audio"] = STANDARD.encode(&clip.bytes).into();
        }
        Ok(json)
    }

    /// Removes an item.
    pub(crate) fn delete(&mut self, id: &str) -> Result<(), Refusal> {
        let index = self.items.iter().position(|item| item.id() == id);
        self.items.remove(index.ok_or_else(|| no_such_item("delete", "deleting", id))?);
        Ok(())
    }

    /// Cuts an assistant's audio to what was heard and forgets its text.
    pub(crate) fn truncate(&mut self, id: &str, audio_end_ms: u64) -> Result<(), Refusal> {
        let item = self.get_mut(id).ok_or_else(|| no_such_item("truncate", "truncating", id))?;
        let assistant = item.json["role"] == "assistant";
        let Some(clip) = item.clip.as_mut().filter(|_| assistant) else {
            let message = "Only model output audio messages can be truncated.";
            return Err(Refusal::new("unsupported_content_type", message).at("item_id"));
        };
        let length = clip.millis();
        if audio_end_ms > length {
            let message = format!("Audio content of {length}ms is already shorter than {audio_end_ms}ms");
            return Err(Refusal::new("invalid_value", message).at("audio_end_ms"));
        }
        let keep = usize::try_from(audio_end_ms).unwrap_or(usize::MAX).saturating_mul(clip.format.bytes_per_ms());
        clip.bytes.truncate(keep);
        item.truncated = true;
        item.json["content"] = json!([{ "type": "output_audio" }]);
        Ok(())
    }

    /// Lets the oldest item leave the context; it stays in the conversation. `false` when none is left.
    pub(crate) fn forget_oldest(&mut self) -> bool {
        let oldest = self.items.iter_mut().find(|item| !item.forgotten);
        oldest.map(|item| item.forgotten = true).is_some()
    }

    /// What the model would read: text of all items in the context, audio of both sides.
    pub(crate) fn tokens(&self) -> Tokens {
        self.items.iter().filter(|item| !item.forgotten).fold(Tokens::default(), |sum, item| {
            let audio = item.clip.as_ref().map_or(0, |clip| match item.json["role"].as_str() {
                Some("user") => clip.millis() / 100,
                _ => clip.millis() / 50,
            });
            Tokens { text: sum.text + item_text(&item.json), audio: sum.audio + audio }
        })
    }
}

fn item_text(item: &Value) -> u64 {
    let parts = item["content"].as_array().into_iter().flatten();
    let words = parts.flat_map(|part| [&part["text"], &part["transcript"]]);
    words.chain([&item["arguments"], &item["output"]]).filter_map(Value::as_str).map(text_tokens).sum()
}

fn no_such_item(verb: &str, doing: &str, id: &str) -> Refusal {
    let message = format!("Error {doing} item: the item with id '{id}' does not exist.");
    Refusal::new(&format!("item_{verb}_invalid_item_id"), message).at("item_id")
}
