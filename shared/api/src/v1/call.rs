//! A call as it runs.

use domain::calls::{Call, Speaking, Status};
use domain::caregivers::Caregiver;
use domain::conversations::Message;
use domain::patients::Patient;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::conversation::{call_status, status};
use super::{MessageBody, iso};

/// A call that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "InitiatedCall")]
pub struct InitiatedBody {
    /// The call's id, under which the conversation will be found too.
    pub conversation_id: String,
    /// The same.
    pub call_id: String,
    /// The same.
    pub call_sid: String,
    /// The patient's id.
    pub patient_id: String,
    /// The patient's name.
    pub patient_name: String,
    /// The number that is dialled.
    pub patient_phone: String,
    /// Who asked for it.
    pub agent_id: Option<String>,
    /// Their name.
    pub agent_name: Option<String>,
    /// `initiating`.
    pub call_status: &'static str,
    /// `initiated`.
    pub status: &'static str,
}

impl InitiatedBody {
    /// A call to a patient, with the name of who asked for it.
    pub fn new(call: &Call, patient: &Patient, agent_name: Option<String>) -> Self {
        let id = call.id.to_string();
        Self {
            conversation_id: id.clone(),
            call_id: id.clone(),
            call_sid: id,
            patient_id: patient.id.to_string(),
            patient_name: patient.profile.name.reveal().clone(),
            patient_phone: patient.profile.phone.as_str().to_owned(),
            agent_id: call.agent.map(|agent| agent.to_string()),
            agent_name,
            call_status: call_status(call),
            status: status(call),
        }
    }
}

/// A call as it runs, in the envelope that the existing app expects.
#[derive(Debug, Serialize, ToSchema)]
#[schema(title = "CallStatus")]
pub struct CallStatusBody {
    /// The call.
    pub data: CallStatusData,
}

/// A call as it runs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallStatusData {
    /// The call's id.
    pub conversation_id: String,
    /// The same.
    pub call_id: String,
    /// `initiated`, `in-progress`, `completed`, `failed` or `machine`.
    pub status: &'static str,
    /// `initiating`, `ringing`, `connected`, `ended`, `failed`, `busy` or `no_answer`.
    pub call_status: &'static str,
    /// When it was answered; before that, when it was asked for.
    pub start_time: String,
    /// When it ended.
    pub end_time: Option<String>,
    /// Seconds of talk.
    pub duration: u64,
    /// Who is telephoned.
    pub patient: NamedPatient,
    /// Who asked for it.
    pub agent: Option<NamedAgent>,
    /// The turns so far, in spoken order.
    pub messages: Vec<MessageBody>,
    /// Who is speaking.
    pub ai_speaking: SpeakingBody,
}

/// A patient by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct NamedPatient {
    /// Their id.
    #[serde(rename = "_id")]
    pub legacy_id: String,
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// The number that is dialled.
    pub phone: String,
}

/// A caregiver by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct NamedAgent {
    /// Their id.
    #[serde(rename = "_id")]
    pub legacy_id: String,
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
}

/// Who is speaking.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpeakingBody {
    /// Bianca's voice is being heard.
    pub is_speaking: bool,
    /// The patient is speaking.
    pub user_is_speaking: bool,
    /// `waiting`, `ai_speaking`, `user_speaking`, `listening` or `ended`.
    pub conversation_state: &'static str,
    /// When Bianca last began to speak.
    pub last_ai_speech_start: Option<String>,
    /// When the patient last began to speak.
    pub last_user_speech_start: Option<String>,
}

impl SpeakingBody {
    fn new(call: &Call, speaking: Speaking) -> Self {
        let conversation_state = match call.status {
            Status::Ended => "ended",
            Status::Connected if speaking.caller => "user_speaking",
            Status::Connected if speaking.ai => "ai_speaking",
            Status::Connected => "listening",
            Status::Queued | Status::Dialing | Status::Ringing => "waiting",
        };
        Self {
            is_speaking: speaking.ai,
            user_is_speaking: speaking.caller,
            conversation_state,
            last_ai_speech_start: speaking.ai_since.map(iso),
            last_user_speech_start: speaking.caller_since.map(iso),
        }
    }
}

impl CallStatusBody {
    /// A call as it is at `now`.
    pub fn new(
        call: &Call,
        patient: &Patient,
        agent: Option<&Caregiver>,
        messages: &[Message],
        speaking: Speaking,
        now: Timestamp,
    ) -> Self {
        let patient_id = patient.id.to_string();
        Self {
            data: CallStatusData {
                conversation_id: call.id.to_string(),
                call_id: call.id.to_string(),
                status: status(call),
                call_status: call_status(call),
                start_time: iso(call.answered_at.unwrap_or(call.created_at)),
                end_time: call.ended_at.map(iso),
                duration: call.talk_seconds(now),
                patient: NamedPatient {
                    legacy_id: patient_id.clone(),
                    id: patient_id,
                    name: patient.profile.name.reveal().clone(),
                    phone: patient.profile.phone.as_str().to_owned(),
                },
                agent: agent.map(|agent| NamedAgent {
                    legacy_id: agent.id.to_string(),
                    id: agent.id.to_string(),
                    name: agent.name.clone(),
                }),
                messages: messages.iter().map(MessageBody::from).collect(),
                ai_speaking: SpeakingBody::new(call, speaking),
            },
        }
    }
}
