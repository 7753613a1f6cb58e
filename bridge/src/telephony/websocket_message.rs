//! The control messages of `chan_websocket`, in the JSON form Asterisk has since 22.8.

use serde::Deserialize;

/// What Asterisk says on the media socket beside sound, as far as calls need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// First message, though sound may come before it.
    Start {
        /// Law of the sound: `ulaw` or `alaw`.
        format: String,
        /// Bytes of one frame; a message that is no multiple of it loses its tail.
        frame_bytes: u64,
    },
    /// A key was pressed: `0`-`9`, `*`, `#`, `A`-`D`.
    Key(char),
    /// The queue is nearly full (900 frames): send nothing more.
    Full,
    /// There is room again (800 frames).
    Room,
    /// Answer to [`GET_STATUS`].
    Status {
        /// Frames of 20 ms that wait to be played, 0 to 1000.
        queued: u32,
    },
    /// Asterisk did not like a command.
    Error,
    /// Of no interest.
    Other,
}

/// Asks for [`Control::Status`].
pub const GET_STATUS: &str = r#"{"command":"GET_STATUS"}"#;

/// Asterisk plays nothing, and keeps what it has.
pub const PAUSE_MEDIA: &str = r#"{"command":"PAUSE_MEDIA"}"#;

/// Asterisk plays again.
pub const CONTINUE_MEDIA: &str = r#"{"command":"CONTINUE_MEDIA"}"#;

/// Asterisk throws away what it has not played.
pub const FLUSH_MEDIA: &str = r#"{"command":"FLUSH_MEDIA"}"#;

/// The union of the fields that any message of interest has.
#[derive(Deserialize)]
struct Raw {
    event: String,
    format: Option<String>,
    optimal_frame_size: Option<u64>,
    digit: Option<String>,
    queue_length: Option<u32>,
}

impl Control {
    /// Reads one text message; `None` when it is not a control message at all.
    pub fn parse(text: &str) -> Option<Self> {
        let raw: Raw = serde_json::from_str(text).ok()?;
        Some(match raw.event.as_str() {
            "MEDIA_START" => Self::Start { format: raw.format?, frame_bytes: raw.optimal_frame_size? },
            "DTMF_END" => Self::Key(raw.digit?.chars().next()?),
            "MEDIA_XOFF" => Self::Full,
            "MEDIA_XON" => Self::Room,
            "STATUS" => Self::Status { queued: raw.queue_length? },
            "ERROR" => Self::Error,
            _ => Self::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    // Recorded from Asterisk 22.10.
    #[test]
    fn recorded_messages_are_understood() {
        let recording = include_str!("../../../tests/phone/samples/ari/media_websocket_control.json");
        let recording: Vec<Value> = serde_json::from_str(recording).unwrap();
        let parsed: Vec<_> = recording.iter().map(|message| Control::parse(&message.to_string()).unwrap()).collect();
        let start = Control::Start { format: "ulaw".to_owned(), frame_bytes: 160 };
        assert_eq!(parsed, [start, Control::Status { queued: 19 }, Control::Other]);
    }

    #[test]
    fn keys_and_flow_control_are_understood_and_rubbish_is_nothing() {
        let key = r##"{"event":"DTMF_END","channel_id":"x","digit":"#"}"##;
        assert_eq!(Control::parse(key), Some(Control::Key('#')));
        assert_eq!(Control::parse(r#"{"event":"MEDIA_XOFF"}"#), Some(Control::Full));
        assert_eq!(Control::parse(r#"{"event":"MEDIA_XON"}"#), Some(Control::Room));
        assert_eq!(Control::parse(r#"{"event":"SOMETHING_NEW","n":[1]}"#), Some(Control::Other));
        for rubbish in
            ["", "MEDIA_START id:1", "{}", "[]", r#"{"event":"STATUS"}"#, r#"{"event":"STATUS","queue_length":-1}"#]
        {
            assert_eq!(Control::parse(rubbish), None, "{rubbish}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,200}") {
            Control::parse(&text);
        }
    }
}
