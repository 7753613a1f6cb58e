//! A conversation with its call.

use domain::calls::{Call, Outcome, Status};
use domain::conversations::{Conversation, Message, Speaker};
use domain::{CallId, PatientId};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::iso;

/// A conversation with its call. The two share their id, so a call that was not answered yet has
/// this shape too, without messages.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "Conversation")]
pub struct ConversationBody {
    /// Its id; also the call's.
    pub id: String,
    /// The call's id.
    pub call_sid: String,
    /// The patient's id.
    pub patient_id: String,
    /// The line of the invoice it stands on.
    pub line_item_id: Option<String>,
    /// The turns in spoken order.
    pub messages: Vec<MessageBody>,
    /// What was said in short; written after the call.
    pub history: Option<String>,
    /// What was found in it afterwards.
    #[schema(value_type = Object)]
    pub analyzed_data: serde_json::Map<String, serde_json::Value>,
    /// Nothing; the existing app expects an object.
    #[schema(value_type = Object)]
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// When it was answered; before that, when it was asked for.
    pub start_time: String,
    /// When it ended.
    pub end_time: Option<String>,
    /// Seconds of talk.
    pub duration: u64,
    /// `initiating`, `ringing`, `connected`, `ended`, `failed`, `busy` or `no_answer`.
    #[schema(example = "ended")]
    pub call_status: &'static str,
    /// As `startTime`.
    pub call_start_time: String,
    /// As `endTime`.
    pub call_end_time: Option<String>,
    /// As `duration`.
    pub call_duration: u64,
    /// `answered`, `no_answer`, `busy`, `failed` or `voicemail`, once it is over.
    #[schema(value_type = Option<String>)]
    pub call_outcome: Option<Outcome>,
    /// What a caregiver wrote about it.
    pub call_notes: String,
    /// The caregiver who asked for it.
    pub agent_id: Option<String>,
    /// `initiated`, `in-progress`, `completed`, `failed` or `machine`.
    #[schema(example = "completed")]
    pub status: &'static str,
    /// How the patient felt, once it was analysed.
    #[schema(value_type = Option<Object>)]
    pub sentiment: Option<serde_json::Value>,
    /// When that was analysed.
    pub sentiment_analyzed_at: Option<String>,
}

/// A turn.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "Message")]
pub struct MessageBody {
    /// Its id.
    #[serde(rename = "_id")]
    pub legacy_id: String,
    /// Its id.
    pub id: String,
    /// `patient`, `assistant` or `system`.
    #[schema(value_type = String, example = "patient")]
    pub role: Speaker,
    /// What was heard of it.
    pub content: String,
    /// `user_message`, `assistant_response` or `text`.
    pub message_type: &'static str,
    /// When it began.
    pub created_at: String,
    /// Whether the text will not change any more.
    pub complete: bool,
}

impl ConversationBody {
    /// A conversation, its call and its turns as they are at `now`. The old backend left
    /// conversations without a call; they count as completed.
    pub fn new(
        (id, patient): (CallId, PatientId),
        call: Option<&Call>,
        conversation: Option<&Conversation>,
        messages: &[Message],
        now: Timestamp,
    ) -> Self {
        let started = conversation
            .map(|conversation| conversation.started_at)
            .or_else(|| call.map(|call| call.answered_at.unwrap_or(call.created_at)))
            .unwrap_or(now);
        let ended = call.and_then(|call| call.ended_at).map(iso);
        let duration = call.map_or(0, |call| call.talk_seconds(now));
        Self {
            id: id.to_string(),
            call_sid: id.to_string(),
            patient_id: patient.to_string(),
            line_item_id: None,
            messages: messages.iter().map(MessageBody::from).collect(),
            history: conversation.and_then(|c| c.summary.as_ref()).map(|summary| summary.reveal().clone()),
            analyzed_data: serde_json::Map::new(),
            metadata: serde_json::Map::new(),
            start_time: iso(started),
            end_time: ended.clone(),
            duration,
            call_status: call.map_or("ended", call_status),
            call_start_time: iso(started),
            call_end_time: ended,
            call_duration: duration,
            call_outcome: call.and_then(|call| call.outcome),
            call_notes: call
                .and_then(|call| call.notes.as_ref())
                .map(|notes| notes.reveal().clone())
                .unwrap_or_default(),
            agent_id: call.and_then(|call| call.agent).map(|agent| agent.to_string()),
            status: call.map_or("completed", status),
            sentiment: None,
            sentiment_analyzed_at: None,
        }
    }
}

/// The existing app's coarse word for how far a call has come.
pub(super) const fn status(call: &Call) -> &'static str {
    match (call.status, call.outcome) {
        (Status::Queued | Status::Dialing | Status::Ringing, _) => "initiated",
        (Status::Connected, _) => "in-progress",
        (Status::Ended, Some(Outcome::Answered)) => "completed",
        (Status::Ended, Some(Outcome::Voicemail)) => "machine",
        (Status::Ended, _) => "failed",
    }
}

/// The existing app's fine word for how far a call has come.
pub(super) const fn call_status(call: &Call) -> &'static str {
    match (call.status, call.outcome) {
        (Status::Queued | Status::Dialing, _) => "initiating",
        (Status::Ringing, _) => "ringing",
        (Status::Connected, _) => "connected",
        (Status::Ended, Some(Outcome::Busy)) => "busy",
        (Status::Ended, Some(Outcome::NoAnswer)) => "no_answer",
        (Status::Ended, Some(Outcome::Failed) | None) => "failed",
        (Status::Ended, Some(Outcome::Answered | Outcome::Voicemail)) => "ended",
    }
}

impl From<&Message> for MessageBody {
    fn from(message: &Message) -> Self {
        let id = message.id.to_string();
        Self {
            legacy_id: id.clone(),
            id,
            role: message.turn.speaker,
            content: message.turn.text.reveal().clone(),
            message_type: match message.turn.speaker {
                Speaker::Patient => "user_message",
                Speaker::Assistant => "assistant_response",
                Speaker::System => "text",
            },
            created_at: iso(message.turn.started_at),
            complete: message.turn.complete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::calls::EndReason;
    use domain::{Id, OrgId};
    use test_case::test_case;

    fn call() -> Call {
        let id = Id::from_bytes([1; 12]);
        Call::request(CallId(id), OrgId(id), PatientId(id), None, None, Timestamp::UNIX_EPOCH)
    }

    #[test_case(Status::Queued => ("initiated", "initiating"))]
    #[test_case(Status::Ringing => ("initiated", "ringing"); "a ringing phone is not in progress")]
    #[test_case(Status::Connected => ("in-progress", "connected"))]
    fn a_live_call_has_the_words_of_the_existing_app(reached: Status) -> (&'static str, &'static str) {
        let mut call = call();
        call.advance(reached, Timestamp::UNIX_EPOCH);
        (status(&call), call_status(&call))
    }

    #[test_case(Outcome::Answered => ("completed", "ended"))]
    #[test_case(Outcome::Busy => ("failed", "busy"))]
    #[test_case(Outcome::NoAnswer => ("failed", "no_answer"))]
    #[test_case(Outcome::Failed => ("failed", "failed"))]
    #[test_case(Outcome::Voicemail => ("machine", "ended"))]
    fn an_ended_call_has_the_words_of_the_existing_app(outcome: Outcome) -> (&'static str, &'static str) {
        let mut call = call();
        call.end(outcome, EndReason::CallerHungUp, Timestamp::UNIX_EPOCH);
        (status(&call), call_status(&call))
    }
}
