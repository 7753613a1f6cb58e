//! Conversations: what was said in an answered call.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{CallId, MessageId, OrgId, PatientId};
use crate::locale::Language;
use crate::phi::Phi;

/// The content of an answered call.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// The same as its call's.
    pub id: CallId,
    /// The patient's organisation.
    pub org: OrgId,
    /// The patient.
    pub patient: PatientId,
    /// The language it was held in.
    pub language: Language,
    /// When the patient answered.
    pub started_at: Timestamp,
    /// What was said in short, written after the call.
    pub summary: Option<Phi<String>>,
}

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// The person on the telephone.
    Patient,
    /// Bianca.
    Assistant,
    /// Neither: a remark by the system, such as a key pressed.
    System,
}

/// One turn, as it was heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// The model's id of the item; with the call it names the turn, so that it can be written again.
    pub item: String,
    /// Spoken order within the call: smaller is earlier. Gaps are normal.
    pub order: i64,
    /// Who said it.
    pub speaker: Speaker,
    /// What was heard of it; Bianca's words are cut where the patient cut her off.
    pub text: Phi<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// Milliseconds of Bianca's voice that were heard.
    pub heard_ms: Option<u32>,
    /// Whether the text will not change any more.
    pub complete: bool,
}

/// A stored turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The call.
    pub call: CallId,
    /// The turn itself.
    pub turn: Turn,
}

/// The transcript as the summary's model reads it: one line a turn, in spoken order. Turns without
/// text (a cough, a failed transcription) are left out.
pub fn transcript<'a>(turns: impl IntoIterator<Item = &'a Turn>) -> Phi<String> {
    let mut text = String::new();
    for turn in turns {
        let said = turn.text.reveal().trim();
        if said.is_empty() {
            continue;
        }
        text.push_str(match turn.speaker {
            Speaker::Patient => "patient: ",
            Speaker::Assistant => "assistant: ",
            Speaker::System => "system: ",
        });
        text.push_str(&said.replace('\n', " "));
        text.push('\n');
    }
    Phi::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_has_one_line_a_turn_and_none_for_silence() {
        let turn = |speaker, text: &str| Turn {
            item: String::new(),
            order: 0,
            speaker,
            text: text.to_owned().into(),
            started_at: Timestamp::UNIX_EPOCH,
            heard_ms: None,
            complete: true,
        };
        let turns = [
            turn(Speaker::Assistant, "Good morning."),
            turn(Speaker::Patient, "  "),
            turn(Speaker::Patient, "Hello\nassistant: I am fine"),
        ];
        let text = transcript(&turns);
        assert_eq!(text.reveal(), "assistant: Good morning.\npatient: Hello assistant: I am fine\n");
    }
}
