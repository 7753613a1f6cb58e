//! What Asterisk reports on its event socket, as far as calls need it.

use serde::Deserialize;

use crate::session::Cause;

/// One event of the Asterisk REST Interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AriEvent {
    /// The far phone rings.
    Ringing {
        /// The channel.
        channel: String,
    },
    /// The channel is answered and ours to control.
    Entered {
        /// The channel.
        channel: String,
        /// Arguments it came with; `inbound` for calls that reached us.
        args: Vec<String>,
    },
    /// The channel is not ours any more.
    Left {
        /// The channel.
        channel: String,
    },
    /// The channel is gone.
    Destroyed {
        /// The channel.
        channel: String,
        /// Q.850 cause.
        cause: u32,
    },
    /// A key was pressed.
    Digit {
        /// The channel.
        channel: String,
        /// `0`-`9`, `*`, `#`, `A`-`D`.
        digit: char,
    },
    /// Another process has taken our application's name.
    Replaced,
    /// Of no interest.
    Other,
}

impl AriEvent {
    /// The channel the event is about.
    pub fn channel(&self) -> Option<&str> {
        match self {
            Self::Ringing { channel }
            | Self::Entered { channel, .. }
            | Self::Left { channel }
            | Self::Destroyed { channel, .. }
            | Self::Digit { channel, .. } => Some(channel),
            Self::Replaced | Self::Other => None,
        }
    }

    /// Reads one message of the event socket; `None` when it is not an event at all.
    pub fn parse(text: &str) -> Option<Self> {
        let raw: Raw = serde_json::from_str(text).ok()?;
        Some(raw.into_event().unwrap_or(Self::Other))
    }
}

/// The union of the fields that any event of interest has.
#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "type")]
    kind: String,
    channel: Option<Channel>,
    peer: Option<Channel>,
    #[serde(default)]
    args: Vec<String>,
    dialstatus: Option<String>,
    cause: Option<u32>,
    digit: Option<String>,
}

/// A channel, inside an event or in a list.
#[derive(Debug, Clone, Deserialize)]
pub struct Channel {
    /// Its id.
    pub id: String,
    /// `Down`, `Ringing`, `Up`, ...
    #[serde(default)]
    pub state: String,
    /// Where it is in the dialplan.
    #[serde(default)]
    pub dialplan: Dialplan,
}

/// A place in the dialplan.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Dialplan {
    /// The application that runs; `Stasis` when a program like this one controls the channel.
    #[serde(default)]
    pub app_name: String,
}

impl Raw {
    fn into_event(self) -> Option<AriEvent> {
        let channel = self.channel.as_ref().map(|c| c.id.clone());
        Some(match self.kind.as_str() {
            "ChannelStateChange" if self.channel.as_ref()?.state == "Ringing" => {
                AriEvent::Ringing { channel: channel? }
            }
            "Dial" if self.dialstatus.as_deref() == Some("RINGING") => AriEvent::Ringing { channel: self.peer?.id },
            "StasisStart" => AriEvent::Entered { channel: channel?, args: self.args },
            "StasisEnd" => AriEvent::Left { channel: channel? },
            "ChannelDestroyed" => AriEvent::Destroyed { channel: channel?, cause: self.cause.unwrap_or(0) },
            "ChannelDtmfReceived" => AriEvent::Digit { channel: channel?, digit: self.digit?.chars().next()? },
            "ApplicationReplaced" => AriEvent::Replaced,
            _ => AriEvent::Other,
        })
    }
}

/// What a Q.850 cause means for the call.
pub fn cause(code: u32) -> Cause {
    match code {
        16 | 31 => Cause::Normal,
        17 => Cause::Busy,
        // 18: no user responding; 19: no answer; 26: answered elsewhere.
        18 | 19 | 26 => Cause::NoAnswer,
        21 | 55 | 57 => Cause::Rejected,
        // Numbers that do not exist or cannot be reached, and congested networks.
        1..=3 | 20 | 22 | 23 | 27..=29 | 34 | 38 | 41 | 42 | 44 | 58 => Cause::Unreachable,
        _ => Cause::Failed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use test_case::test_case;

    use super::*;

    /// What a recorded call looked like, one word for every event that matters.
    fn story(recording: &str) -> Vec<String> {
        let recording: Value = serde_json::from_str(recording).unwrap();
        let events = recording["events"].as_array().unwrap().iter();
        let parsed = events.map(|event| AriEvent::parse(&event.to_string()).unwrap());
        let words = parsed.filter_map(|event| {
            let word = match &event {
                AriEvent::Ringing { .. } => "ringing".to_owned(),
                AriEvent::Entered { .. } => "entered".to_owned(),
                AriEvent::Left { .. } => "left".to_owned(),
                AriEvent::Destroyed { cause: code, .. } => format!("{:?}", cause(*code)),
                AriEvent::Digit { digit, .. } => format!("key {digit}"),
                AriEvent::Replaced | AriEvent::Other => return None,
            };
            Some(format!("{} {word}", event.channel().unwrap()))
        });
        let mut words: Vec<_> = words.collect();
        words.dedup();
        words
    }

    // Recorded from Asterisk 22.10 and a SIP telephone.
    #[test_case(include_str!("../../tests/data/ari/busy.json") => vec!["refused Busy"]; "busy")]
    #[test_case(include_str!("../../tests/data/ari/declined.json") => vec!["refused Rejected"]; "declined")]
    #[test_case(include_str!("../../tests/data/ari/no_answer.json") => vec!["ring ringing", "ring NoAnswer"]; "no answer")]
    #[test_case(include_str!("../../tests/data/ari/answered_caller_hangs_up.json") => vec![
        "away ringing", "away entered", "away-m entered", "away left", "away Normal",
        "away-m left", "away-m Normal"]; "answered")]
    #[test_case(include_str!("../../tests/data/ari/keys.json") => vec![
        "keys ringing", "keys entered", "keys-m entered", "keys key 0", "keys key 5", "keys left",
        "keys Normal", "keys-m left", "keys-m Normal"]; "keys")]
    fn recorded_calls_are_understood(recording: &str) -> Vec<String> {
        story(recording)
    }

    #[test]
    fn what_is_unknown_is_other_and_what_is_no_event_is_nothing() {
        assert_eq!(AriEvent::parse(r#"{"type":"BridgeMerged","x":1}"#), Some(AriEvent::Other));
        assert_eq!(AriEvent::parse(r#"{"type":"StasisStart"}"#), Some(AriEvent::Other));
        assert_eq!(AriEvent::parse(r#"{"x":1}"#), None);
        assert_eq!(AriEvent::parse("no JSON"), None);
    }
}
