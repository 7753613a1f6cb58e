//! What Asterisk reports on its event socket, as far as calls need it.

use std::fmt;

use domain::Phone;
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
        /// The number it says it comes from, in international form.
        caller: Option<Phone>,
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
    /// The bridge is gone; its channels are not.
    BridgeDestroyed {
        /// The bridge.
        bridge: String,
    },
    /// A channel or bridge that went away while nobody listened.
    Gone {
        /// Which.
        id: String,
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
    /// The channel or bridge the event is about.
    pub fn about(&self) -> Option<&str> {
        match self {
            Self::Ringing { channel }
            | Self::Entered { channel, .. }
            | Self::Left { channel }
            | Self::Destroyed { channel, .. }
            | Self::Digit { channel, .. } => Some(channel),
            Self::BridgeDestroyed { bridge: id } | Self::Gone { id } => Some(id),
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
    bridge: Option<Bridge>,
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
    /// Who calls.
    #[serde(default)]
    pub caller: CallerId,
}

impl Channel {
    /// A program like this one controls it.
    pub fn is_in_stasis(&self) -> bool {
        self.dialplan.app_name == "Stasis"
    }

    /// What the dialplan sent along to the program `app` that controls it; `None` when another does.
    pub fn arguments_for(&self, app: &str) -> Option<Vec<String>> {
        let mut data = self.dialplan.app_data.split(',').map(str::to_owned);
        (self.is_in_stasis() && data.next().as_deref() == Some(app)).then(|| data.collect())
    }
}

/// The caller as the network names it.
#[derive(Clone, Default, Deserialize)]
pub struct CallerId {
    #[serde(default)]
    number: String,
}

impl CallerId {
    /// The number, when it is one in international form. A national form could be anybody's: which
    /// country it belongs to only the trunk knows.
    pub fn phone(&self) -> Option<Phone> {
        let digits = self.number.strip_prefix('+')?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| self.number.parse().ok())?
    }
}

impl fmt::Debug for CallerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A bridge, inside an event or in a list.
#[derive(Debug, Clone, Deserialize)]
pub struct Bridge {
    /// Its id.
    pub id: String,
    /// The channels in it.
    #[serde(default)]
    pub channels: Vec<String>,
}

/// A place in the dialplan.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Dialplan {
    /// The application that runs; `Stasis` when a program like this one controls the channel.
    #[serde(default)]
    pub app_name: String,
    /// Its arguments, separated by commas: of `Stasis` the program's name and what the dialplan sends along.
    #[serde(default)]
    pub app_data: String,
}

impl Raw {
    fn into_event(self) -> Option<AriEvent> {
        let channel = self.channel.as_ref().map(|c| c.id.clone());
        Some(match self.kind.as_str() {
            "ChannelStateChange" if self.channel.as_ref()?.state == "Ringing" => {
                AriEvent::Ringing { channel: channel? }
            }
            "Dial" if self.dialstatus.as_deref() == Some("RINGING") => AriEvent::Ringing { channel: self.peer?.id },
            "StasisStart" => {
                let caller = self.channel.as_ref()?.caller.phone();
                AriEvent::Entered { channel: channel?, args: self.args, caller }
            }
            "BridgeDestroyed" => AriEvent::BridgeDestroyed { bridge: self.bridge?.id },
            "StasisEnd" => AriEvent::Left { channel: channel? },
            "ChannelDestroyed" => AriEvent::Destroyed { channel: channel?, cause: self.cause.unwrap_or(0) },
            "ChannelDtmfReceived" => AriEvent::Digit { channel: channel?, digit: self.digit?.chars().next()? },
            "ApplicationReplaced" => AriEvent::Replaced,
            _ => AriEvent::Other,
        })
    }
}

/// What a Q.850 cause means for the call. Asterisk translates SIP statuses into these before we see
/// them (`hangup_sip2cause` of `res_pjsip`): 486 and 600 are 17, 480 is 19, 408 is 18, 603 and 401 to
/// 407 are 21, 404 is 1, 488 is 58, 503 is 34, 504 is 102, what it does not know is 127. That a fax
/// answered, no cause says: it sounds.
pub fn cause(code: u32) -> Cause {
    match code {
        16 | 31 => Cause::Normal,
        17 => Cause::Busy,
        // 18: no user responding; 19: no answer; 26: answered elsewhere.
        18 | 19 | 26 => Cause::NoAnswer,
        // Call rejected, facility not subscribed, incoming barred, bearer not authorised.
        21 | 50 | 55 | 57 => Cause::Rejected,
        // Numbers that do not exist or cannot be reached, congested networks, and lines that cannot
        // carry speech.
        1..=3
        | 5
        | 20
        | 22
        | 23
        | 25
        | 27..=29
        | 34
        | 38
        | 41..=44
        | 47
        | 49
        | 58
        | 63
        | 65
        | 66
        | 69
        | 79
        | 88
        | 102 => Cause::Unreachable,
        _ => Cause::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
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
                AriEvent::BridgeDestroyed { .. } => "destroyed".to_owned(),
                AriEvent::Gone { .. } | AriEvent::Replaced | AriEvent::Other => return None,
            };
            Some(format!("{} {word}", event.about().unwrap()))
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
        "away-b destroyed", "away-m left", "away-m Normal"]; "answered")]
    #[test_case(include_str!("../../tests/data/ari/keys.json") => vec![
        "keys ringing", "keys entered", "keys-m entered", "keys key 0", "keys key 5", "keys left",
        "keys Normal", "keys-b destroyed", "keys-m left", "keys-m Normal"]; "keys")]
    fn recorded_calls_are_understood(recording: &str) -> Vec<String> {
        story(recording)
    }

    #[test_case("+15550100042" => Some("+15550100042".to_owned()); "international")]
    #[test_case("5550100042" => None; "national")]
    #[test_case("0015550100042" => None; "with the prefix of an international call")]
    #[test_case("+1 555 010 0042" => None; "not as a network writes it")]
    #[test_case("anonymous" => None; "withheld")]
    #[test_case("" => None; "none")]
    fn who_calls_is_a_number_only_in_international_form(number: &str) -> Option<String> {
        let event = serde_json::json!({"type": "StasisStart", "args": ["inbound"],
            "channel": {"id": "1.2", "caller": {"name": "", "number": number}}});
        let Some(AriEvent::Entered { caller, .. }) = AriEvent::parse(&event.to_string()) else { panic!("it entered") };
        caller.map(|phone| phone.as_str().to_owned())
    }

    #[test_case(17 => Cause::Busy; "486 Busy Here")]
    #[test_case(19 => Cause::NoAnswer; "480 Temporarily Unavailable, and a ring that timed out")]
    #[test_case(21 => Cause::Rejected; "603 Decline")]
    #[test_case(1 => Cause::Unreachable; "404 Not Found")]
    #[test_case(34 => Cause::Unreachable; "503 Service Unavailable")]
    #[test_case(58 => Cause::Unreachable; "488 Not Acceptable Here: a line for data")]
    #[test_case(102 => Cause::Unreachable; "504 Server Time-out")]
    #[test_case(16 => Cause::Normal; "somebody hung up")]
    #[test_case(127 => Cause::Unknown; "something else")]
    #[test_case(0 => Cause::Unknown; "not said")]
    fn causes_mean_what_the_network_said(code: u32) -> Cause {
        cause(code)
    }

    proptest! {
        /// A recorded event with a piece of it replaced.
        #[test]
        fn no_damaged_event_panics(nth in 0usize..60, at in 0usize..600, cut in 0usize..40, put in "[\\PC]{0,8}") {
            let recording = include_str!("../../tests/data/ari/keys.json");
            let recording: Value = serde_json::from_str(recording).unwrap();
            let events = recording["events"].as_array().unwrap();
            let mut text = events[nth % events.len()].to_string();
            let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let to = (at + cut..=text.len()).find(|to| text.is_char_boundary(*to)).unwrap_or(text.len());
            text.replace_range(at..to, &put);
            if let Some(event) = AriEvent::parse(&text) {
                let _ = event.about();
            }
        }
    }

    #[test]
    fn what_is_unknown_is_other_and_what_is_no_event_is_nothing() {
        assert_eq!(AriEvent::parse(r#"{"type":"BridgeMerged","x":1}"#), Some(AriEvent::Other));
        assert_eq!(AriEvent::parse(r#"{"type":"StasisStart"}"#), Some(AriEvent::Other));
        assert_eq!(AriEvent::parse(r#"{"x":1}"#), None);
        assert_eq!(AriEvent::parse("no JSON"), None);
    }
}
