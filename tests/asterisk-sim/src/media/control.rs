//! The control messages of `chan_websocket`, in both forms.

use serde_json::{Value, json};

/// How control messages look: `control_message_format` of `chan_websocket.conf`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ControlFormat {
    /// One JSON object for each message.
    #[default]
    Json,
    /// `WORD key:value ...`.
    PlainText,
}

/// What the application asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Answer,
    Hangup,
    StartBuffering,
    StopBuffering(Option<String>),
    Mark(String),
    Flush,
    Pause,
    Continue,
    Status,
    ReportDrained,
}

/// Longest command in plain form; Asterisk cuts the rest.
const LONGEST_PLAIN: usize = 128;

impl Command {
    /// Reads a text message in either form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (word, id) = if text.trim_start().starts_with('{') {
            let message: Value = serde_json::from_str(text).ok()?;
            let id = message["correlation_id"].as_str().map(str::to_owned);
            (message["command"].as_str()?.to_owned(), id)
        } else {
            let text = text.get(..LONGEST_PLAIN).unwrap_or(text).trim();
            match text.split_once(' ') {
                Some((word, id)) => (word.to_owned(), Some(id.trim().to_owned())),
                None => (text.to_owned(), None),
            }
        };
        Some(match word.as_str() {
            "ANSWER" => Self::Answer,
            "HANGUP" => Self::Hangup,
            "START_MEDIA_BUFFERING" => Self::StartBuffering,
            "STOP_MEDIA_BUFFERING" => Self::StopBuffering(id),
            "MARK_MEDIA" => Self::Mark(id.unwrap_or_default()),
            "FLUSH_MEDIA" => Self::Flush,
            "PAUSE_MEDIA" => Self::Pause,
            "CONTINUE_MEDIA" => Self::Continue,
            "GET_STATUS" => Self::Status,
            "REPORT_QUEUE_DRAINED" => Self::ReportDrained,
            _ => return None,
        })
    }
}

/// Writes a message of Asterisk; `fields` is an object.
pub(super) fn event(format: ControlFormat, kind: &str, fields: Value) -> String {
    let mut fields = fields;
    match format {
        ControlFormat::Json => {
            let mut message = json!({ "event": kind });
            if let (Some(message), Some(fields)) = (message.as_object_mut(), fields.as_object_mut()) {
                message.append(fields);
            }
            message.to_string()
        }
        ControlFormat::PlainText => {
            let mut text = kind.to_owned();
            // What has no plain form is left out.
            let plain = fields.as_object().into_iter().flatten().filter(|(_, value)| !value.is_object());
            for (name, value) in plain {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                text.push_str(&format!(" {name}:{value}"));
            }
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_understood() {
        let mark = Some(Command::Mark("m-1".into()));
        assert_eq!(Command::parse(r#"{"command":"MARK_MEDIA","correlation_id":"m-1"}"#), mark);
        assert_eq!(Command::parse("MARK_MEDIA m-1"), mark);
        assert_eq!(Command::parse("FLUSH_MEDIA"), Some(Command::Flush));
        assert_eq!(Command::parse("DANCE"), None);
        assert_eq!(Command::parse("{"), None);
    }

    #[test]
    fn both_forms_are_written() {
        let fields = || json!({ "channel_id": "c", "queue_length": 3, "channel_variables": {} });
        let written = event(ControlFormat::Json, "STATUS", fields());
        let read: Value = serde_json::from_str(&written).unwrap();
        assert_eq!((read["event"].as_str(), read["queue_length"].as_u64()), (Some("STATUS"), Some(3)));
        assert_eq!(event(ControlFormat::PlainText, "STATUS", fields()), "STATUS channel_id:c queue_length:3");
    }
}
