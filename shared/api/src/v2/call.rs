//! A call.

use domain::calls::{Call, Direction, EndReason, Outcome, Speaking, Status};
use domain::caregivers::Caregiver;
use domain::conversations::{Message, Speaker};
use domain::patients::Patient;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::v1::iso;

/// A call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = v2::CallBody, title = "Call")]
pub struct CallBody {
    /// Its id, from the moment it is asked for.
    pub id: String,
    /// The id of what was said in it; `null` until it was answered.
    pub conversation_id: Option<String>,
    /// With whom.
    pub patient: NamedPatient,
    /// The caregiver who asked for it; `null` when nobody did.
    pub agent: Option<NamedAgent>,
    /// `outbound`, or `inbound` when the patient telephones.
    #[schema(value_type = String, example = "outbound")]
    pub direction: Direction,
    /// `queued`, `dialing`, `ringing`, `connected` or `ended`.
    #[schema(value_type = String, example = "connected")]
    pub status: Status,
    /// `answered`, `no_answer`, `busy`, `failed` or `voicemail`; `null` until it has ended.
    #[schema(value_type = Option<String>)]
    pub outcome: Option<Outcome>,
    /// Why it ended, such as `caller_hung_up`; `null` until it has.
    #[schema(value_type = Option<String>)]
    pub end_reason: Option<EndReason>,
    /// What a caregiver wrote about it.
    pub notes: Option<String>,
    /// When it was asked for.
    #[schema(example = "2026-11-23T05:17:29.586Z")]
    pub created_at: String,
    /// When it was answered.
    pub answered_at: Option<String>,
    /// When it ended.
    pub ended_at: Option<String>,
    /// Seconds of talk so far; 0 when nobody answered.
    pub talk_seconds: u64,
}

/// A call with what was said in it so far.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = v2::CallDetailBody, title = "CallDetail")]
pub struct CallDetailBody {
    /// The call.
    #[serde(flatten)]
    pub call: CallBody,
    /// Who is speaking this moment.
    pub speaking: SpeakingBody,
    /// The turns so far, in spoken order.
    pub transcript: Vec<TurnBody>,
}

/// A patient by name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = v2::NamedPatient, title = "NamedPatient")]
pub struct NamedPatient {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// The number that is dialled.
    pub phone: String,
}

/// A caregiver by name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = v2::NamedAgent, title = "NamedAgent")]
pub struct NamedAgent {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
}

/// Who is speaking this moment; both, when one speaks into the other's words.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = v2::SpeakingBody, title = "Speaking")]
pub struct SpeakingBody {
    /// Bianca's voice is being heard.
    pub assistant: bool,
    /// The patient is speaking.
    pub patient: bool,
    /// When Bianca last began to speak.
    pub assistant_since: Option<String>,
    /// When the patient last began to speak.
    pub patient_since: Option<String>,
}

/// A turn.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = v2::TurnBody, title = "Turn")]
pub struct TurnBody {
    /// Its id.
    pub id: String,
    /// `patient`, `assistant` or `system`.
    #[schema(value_type = String, example = "patient")]
    pub speaker: Speaker,
    /// What was heard of it.
    pub text: String,
    /// When it began.
    pub started_at: String,
    /// Whether the text will not change any more.
    pub complete: bool,
}

impl CallBody {
    /// A call as it is at `now`.
    pub fn new(call: &Call, patient: &Patient, agent: Option<&Caregiver>, now: Timestamp) -> Self {
        Self {
            id: call.id.to_string(),
            // A conversation begins with the answer and shares its call's id.
            conversation_id: call.answered_at.map(|_| call.id.to_string()),
            patient: NamedPatient {
                id: patient.id.to_string(),
                name: patient.profile.name.reveal().clone(),
                phone: patient.profile.phone.as_str().to_owned(),
            },
            agent: agent.map(|agent| NamedAgent { id: agent.id.to_string(), name: agent.name.clone() }),
            direction: call.direction,
            status: call.status,
            outcome: call.outcome,
            end_reason: call.end_reason,
            notes: call.notes.as_ref().map(|notes| notes.reveal().clone()),
            created_at: iso(call.created_at),
            answered_at: call.answered_at.map(iso),
            ended_at: call.ended_at.map(iso),
            talk_seconds: call.talk_seconds(now),
        }
    }

    /// The same with what was said so far.
    pub fn with(self, messages: &[Message], speaking: Speaking) -> CallDetailBody {
        CallDetailBody {
            call: self,
            speaking: SpeakingBody {
                assistant: speaking.ai,
                patient: speaking.caller,
                assistant_since: speaking.ai_since.map(iso),
                patient_since: speaking.caller_since.map(iso),
            },
            transcript: messages.iter().map(TurnBody::from).collect(),
        }
    }
}

impl From<&Message> for TurnBody {
    fn from(message: &Message) -> Self {
        Self {
            id: message.id.to_string(),
            speaker: message.turn.speaker,
            text: message.turn.text.reveal().clone(),
            started_at: iso(message.turn.started_at),
            complete: message.turn.complete,
        }
    }
}
