//! Things that go wrong on purpose.
//!
//! A fault is written as text on the command line, `[SESSION/]NAME[:VALUE...]`; the table is in [`HELP`].

use std::{str::FromStr, time::Duration};

use crate::codec::Format;

/// The faults, as the command line explains them.
pub const HELP: &str = "\
[SESSION/]NAME[:VALUE...], where SESSION is the n-th connection, from 1; without it, every one.
  error:EVENT:CODE              answer the EVENT-th client event with this error as well
  response-failed:RESPONSE:CODE the RESPONSE-th response ends with status failed
  response-silent:RESPONSE      the RESPONSE-th response completes without output
  transcription-failed          every transcription fails with audio_unintelligible
  transcription-never           no transcription arrives
  drop-after:MS:CODE            close the socket after so long; 1006 drops it without a close frame
  drop-at:EVENT:CODE            the same at the EVENT-th client event
  refuse:STATUS                 refuse the upgrade with this HTTP status
  stall-after:MS                stop reading and writing, keep the socket open
  unknown-events                mix in event types and fields that no client knows
  grant:FORMAT                  say and use audio/pcmu, audio/pcma or audio/pcm, whatever was asked for
  late-deltas:COUNT             go on with COUNT audio deltas after a cancelled response is done
  created-missing               responses begin without response.created
  done-before-deltas            the parts of an answer are done before its last two audio deltas
  two-items                     every spoken response is two messages: a preamble and the answer
  forced-speech:AT_MS:FOR_MS:commit|drop
                                hear speech at that millisecond of appended audio, whatever it is, for so
                                long; then the turn is committed as any other, or is dropped without an item
  huge-event:EVENT              the EVENT-th server event is 5 MB of a type that no client knows
  slow-reader:MS                read one frame from the socket every MS
  text:STATUS                   answer the text endpoint with this HTTP status;
                                SESSION counts its requests here";

/// A fault, in one connection or in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The n-th connection attempt, from 1, or for [`FaultKind::Text`] the n-th request; `None` for every one.
    pub session: Option<usize>,
    /// What goes wrong.
    pub kind: FaultKind,
}

/// What can go wrong. Client events and responses count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// An error event with this code follows the n-th client event.
    ErrorAt {
        /// Which client event.
        event: usize,
        /// The error's code.
        code: String,
    },
    /// The n-th response fails; it speaks no line of the script.
    ResponseFailed {
        /// Which response.
        response: usize,
        /// The code in its status details.
        code: String,
    },
    /// The n-th response completes without any output; it uses up no line of the script.
    ResponseSilent {
        /// Which response.
        response: usize,
    },
    /// Every transcription fails with `audio_unintelligible`.
    TranscriptionFailed,
    /// No transcription arrives.
    TranscriptionNever,
    /// The socket closes after so long.
    DropAfter {
        /// Since the connection was made.
        after: Duration,
        /// The close code; 1006 drops the connection without a close frame.
        code: u16,
    },
    /// The socket closes when the n-th client event arrives, which is not handled.
    DropAt {
        /// Which client event.
        event: usize,
        /// The close code; 1006 drops the connection without a close frame.
        code: u16,
    },
    /// The upgrade is refused with this HTTP status.
    Refuse {
        /// For example 401, 429, 500, 503.
        status: u16,
    },
    /// The simulator stops reading and writing; the connection stays open.
    StallAfter {
        /// Since the connection was made.
        after: Duration,
    },
    /// Unknown event types come in between and every event has an unknown field.
    UnknownEvents,
    /// The effective session says this format, and uses it, whatever was asked for.
    Grant {
        /// For input and output.
        format: Format,
    },
    /// So many audio deltas of a cancelled response come after its `response.done`.
    LateDeltas {
        /// How many.
        count: usize,
    },
    /// Responses begin without their `response.created`.
    CreatedMissing,
    /// The done events of a spoken message, up to its `response.output_item.done`, come before its last two
    /// audio deltas; `response.done` still comes last.
    DoneBeforeDeltas,
    /// Every spoken response has two messages: a preamble, which is the polite line for afterwards, and the answer.
    TwoItems,
    /// Speech is heard in whatever was appended: an echo, a cough, a backchannel. What the detector finds
    /// meanwhile is ignored. Needs turn detection and no open turn, else nothing happens.
    ForcedSpeech {
        /// Where it begins, milliseconds of all audio ever appended.
        at_ms: u64,
        /// How long it lasts, milliseconds, at least 1.
        for_ms: u64,
        /// Whether the turn is committed and answered as any other; otherwise only `speech_stopped` comes.
        commit: bool,
    },
    /// The n-th server event, from 1 (`session.created`), is of an unknown type and about 5 MB long.
    HugeEvent {
        /// Which server event.
        event: usize,
    },
    /// One frame is read from the socket in so long, so that the client's writes back up.
    SlowReader {
        /// Milliseconds from one frame to the next.
        ms: u64,
    },
    /// The text endpoint answers with this HTTP status.
    Text {
        /// For example 429 or 500.
        status: u16,
    },
}

impl From<FaultKind> for Fault {
    /// The fault in every connection.
    fn from(kind: FaultKind) -> Self {
        Self { session: None, kind }
    }
}

impl FaultKind {
    /// The fault in the n-th connection only, from 1.
    pub fn in_session(self, session: usize) -> Fault {
        Fault { session: Some(session), kind: self }
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (session, rest) = match text.split_once('/') {
            Some((session, rest)) if session.parse::<usize>().is_ok() => (Some(number(session)?), rest),
            _ => (None, text),
        };
        let (name, values) = rest.split_once(':').unwrap_or((rest, ""));
        let values: Vec<&str> = values.split(':').filter(|value| !value.is_empty()).collect();
        let kind = match (name, values.as_slice()) {
            ("error", [event, code]) => FaultKind::ErrorAt { event: number(event)?, code: (*code).to_owned() },
            ("response-failed", [response, code]) => {
                FaultKind::ResponseFailed { response: number(response)?, code: (*code).to_owned() }
            }
            ("response-silent", [response]) => FaultKind::ResponseSilent { response: number(response)? },
            ("transcription-failed", []) => FaultKind::TranscriptionFailed,
            ("transcription-never", []) => FaultKind::TranscriptionNever,
            ("drop-after", [ms, code]) => {
                FaultKind::DropAfter { after: Duration::from_millis(number(ms)?), code: number(code)? }
            }
            ("drop-at", [event, code]) => FaultKind::DropAt { event: number(event)?, code: number(code)? },
            ("refuse", [status]) => FaultKind::Refuse { status: number(status)? },
            ("stall-after", [ms]) => FaultKind::StallAfter { after: Duration::from_millis(number(ms)?) },
            ("unknown-events", []) => FaultKind::UnknownEvents,
            ("grant", [format]) => {
                FaultKind::Grant { format: Format::named(format).ok_or_else(|| format!("no audio format '{format}'"))? }
            }
            ("late-deltas", [count]) => FaultKind::LateDeltas { count: number(count)? },
            ("created-missing", []) => FaultKind::CreatedMissing,
            ("done-before-deltas", []) => FaultKind::DoneBeforeDeltas,
            ("two-items", []) => FaultKind::TwoItems,
            ("forced-speech", [at, lasts, end @ ("commit" | "drop")]) => {
                FaultKind::ForcedSpeech { at_ms: number(at)?, for_ms: number(lasts)?, commit: *end == "commit" }
            }
            ("huge-event", [event]) => FaultKind::HugeEvent { event: number(event)? },
            ("slow-reader", [ms]) => FaultKind::SlowReader { ms: number(ms)? },
            ("text", [status]) => FaultKind::Text { status: number(status)? },
            _ => return Err(format!("no fault '{text}'; --help lists them")),
        };
        Ok(Self { session, kind })
    }
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("'{text}' is not a number in range"))
}

/// The faults of one connection, asked by what they concern.
#[derive(Debug, Clone, Default)]
pub struct Faults(Vec<FaultKind>);

impl Faults {
    /// Those of the n-th connection.
    pub fn of(all: &[Fault], session: usize) -> Self {
        let here = |fault: &&Fault| fault.session.is_none_or(|n| n == session);
        Self(all.iter().filter(here).map(|fault| fault.kind.clone()).collect())
    }

    fn find<T>(&self, pick: impl Fn(&FaultKind) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(pick)
    }

    /// The error that follows this client event.
    pub fn error_at(&self, now: usize) -> Option<String> {
        self.find(|kind| match kind {
            FaultKind::ErrorAt { event, code } if *event == now => Some(code.clone()),
            _ => None,
        })
    }

    /// The code this response fails with.
    pub fn response_failed(&self, now: usize) -> Option<String> {
        self.find(|kind| match kind {
            FaultKind::ResponseFailed { response, code } if *response == now => Some(code.clone()),
            _ => None,
        })
    }

    /// Whether this response has no output.
    pub fn response_silent(&self, now: usize) -> bool {
        self.0.contains(&FaultKind::ResponseSilent { response: now })
    }

    /// Whether transcriptions fail.
    pub fn transcription_failed(&self) -> bool {
        self.0.contains(&FaultKind::TranscriptionFailed)
    }

    /// Whether transcriptions are left out.
    pub fn transcription_never(&self) -> bool {
        self.0.contains(&FaultKind::TranscriptionNever)
    }

    /// When the socket closes, and with which code.
    pub fn drop_after(&self) -> Option<(Duration, u16)> {
        self.find(|kind| match kind {
            FaultKind::DropAfter { after, code } => Some((*after, *code)),
            _ => None,
        })
    }

    /// The close code at this client event.
    pub fn drop_at(&self, now: usize) -> Option<u16> {
        self.find(|kind| match kind {
            FaultKind::DropAt { event, code } if *event == now => Some(*code),
            _ => None,
        })
    }

    /// The HTTP status of the refused upgrade.
    pub fn refuse(&self) -> Option<u16> {
        self.find(|kind| if let FaultKind::Refuse { status } = kind { Some(*status) } else { None })
    }

    /// When the connection stalls.
    pub fn stall_after(&self) -> Option<Duration> {
        self.find(|kind| if let FaultKind::StallAfter { after } = kind { Some(*after) } else { None })
    }

    /// Whether unknown events and fields are mixed in.
    pub fn unknown_events(&self) -> bool {
        self.0.contains(&FaultKind::UnknownEvents)
    }

    /// The format granted in place of the one asked for.
    pub fn grant(&self) -> Option<Format> {
        self.find(|kind| if let FaultKind::Grant { format } = kind { Some(*format) } else { None })
    }

    /// Audio deltas after a cancelled response.
    pub fn late_deltas(&self) -> usize {
        self.find(|kind| if let FaultKind::LateDeltas { count } = kind { Some(*count) } else { None }).unwrap_or(0)
    }

    /// Whether `response.created` is left out.
    pub fn created_missing(&self) -> bool {
        self.0.contains(&FaultKind::CreatedMissing)
    }

    /// Whether messages are done before their last deltas.
    pub fn done_before_deltas(&self) -> bool {
        self.0.contains(&FaultKind::DoneBeforeDeltas)
    }

    /// Whether spoken responses have a preamble.
    pub fn two_items(&self) -> bool {
        self.0.contains(&FaultKind::TwoItems)
    }

    /// Speech that is heard whatever was appended: from and to which millisecond, and whether it is committed.
    pub fn forced_speech(&self) -> impl Iterator<Item = (u64, u64, bool)> {
        self.0.iter().filter_map(|kind| match kind {
            FaultKind::ForcedSpeech { at_ms, for_ms, commit } => {
                Some((*at_ms, at_ms.saturating_add((*for_ms).max(1)), *commit))
            }
            _ => None,
        })
    }

    /// Which server event is huge.
    pub fn huge_event(&self) -> Option<usize> {
        self.find(|kind| if let FaultKind::HugeEvent { event } = kind { Some(*event) } else { None })
    }

    /// From reading one frame to reading the next.
    pub fn slow_reader(&self) -> Option<Duration> {
        self.find(|kind| if let FaultKind::SlowReader { ms } = kind { Some(Duration::from_millis(*ms)) } else { None })
    }

    /// The HTTP status of the text endpoint.
    pub fn text(&self) -> Option<u16> {
        self.find(|kind| if let FaultKind::Text { status } = kind { Some(*status) } else { None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_with_and_without_its_session() {
        assert_eq!("transcription-never".parse(), Ok(Fault::from(FaultKind::TranscriptionNever)));
        let dropped = FaultKind::DropAfter { after: Duration::from_millis(500), code: 1006 };
        assert_eq!("2/drop-after:500:1006".parse(), Ok(dropped.in_session(2)));
        let granted = FaultKind::Grant { format: Format::Pcm24k };
        assert_eq!("grant:audio/pcm".parse(), Ok(Fault::from(granted)));
        let cough = FaultKind::ForcedSpeech { at_ms: 1000, for_ms: 200, commit: false };
        assert_eq!("1/forced-speech:1000:200:drop".parse(), Ok(cough.in_session(1)));
    }

    #[test]
    fn a_wrong_fault_is_explained() {
        assert!("explode".parse::<Fault>().unwrap_err().contains("--help"));
        assert!("refuse:many".parse::<Fault>().unwrap_err().contains("many"));
    }
}
