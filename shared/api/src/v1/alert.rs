//! An alert.

use domain::Language;
use domain::alerts::{Alert, AlertKind, Delivery, Mark, Rung, headline};
use domain::patients::Patient;
use serde::Serialize;
use utoipa::ToSchema;

use super::iso;
use super::phrase::SeverityWord;
use crate::text;

/// What somebody must hear about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "Alert")]
pub struct AlertBody {
    /// Its id.
    #[schema(value_type = text::ObjectId)]
    pub id: String,
    /// What it says, in the reader's language; what somebody wrote, in theirs.
    pub message: String,
    /// How much it matters.
    #[schema(value_type = text::ImportanceWord)]
    pub importance: &'static str,
    /// What it is about.
    #[schema(value_type = text::TopicWord)]
    pub alert_type: &'static str,
    /// Id of the patient it is about.
    pub related_patient: Option<String>,
    /// Id of the conversation, or of the call, that it is about.
    pub related_conversation: Option<String>,
    /// Id of who or what raised it: the patient, or who wrote it.
    pub created_by: Option<String>,
    /// What that is.
    #[schema(value_type = text::CreatorWord)]
    pub created_model: &'static str,
    /// Who sees it, besides who wrote it and the administrators.
    #[schema(value_type = text::AudienceWord)]
    pub visibility: &'static str,
    /// Ids of those who have read it.
    pub read_by: Vec<String>,
    /// Until when it matters; `null`: until somebody acknowledges it.
    #[schema(format = DateTime)]
    pub relevance_until: Option<String>,
    /// What happened.
    #[schema(value_type = text::AlertKindWord)]
    pub kind: &'static str,
    /// How soon somebody must know.
    pub severity: SeverityWord,
    /// What was noticed, by stable names such as `medical.breathing`.
    pub cues: Vec<String>,
    /// When it was raised.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Who sees to it, and since when; `null` when nobody said so yet.
    pub acknowledged: Option<MarkBody>,
    /// Who said that it is over, and when.
    pub resolved: Option<ResolutionBody>,
    /// Who is told by now: `assigned`, `on_call`, `admins`; each includes those before.
    #[schema(value_type = text::RungWord)]
    pub escalation: &'static str,
    /// When more people are told unless somebody acknowledges it.
    #[schema(format = DateTime)]
    pub escalates_at: Option<String>,
    /// Messages about it that were accepted for delivery, or never will be.
    pub deliveries: Vec<DeliveryBody>,
}

/// Who did something, and when.
#[derive(Debug, Serialize, ToSchema)]
#[schema(title = "Mark")]
pub struct MarkBody {
    /// Id of who.
    #[schema(value_type = text::ObjectId)]
    pub by: String,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
}

/// The end of an alert.
#[derive(Debug, Serialize, ToSchema)]
#[schema(title = "Resolution")]
pub struct ResolutionBody {
    /// Id of who said so.
    #[schema(value_type = text::ObjectId)]
    pub by: String,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// What was done.
    pub note: Option<String>,
}

/// A message about an alert.
#[derive(Debug, Serialize, ToSchema)]
#[schema(title = "Delivery")]
pub struct DeliveryBody {
    /// Id of whom it went to.
    #[schema(value_type = text::ObjectId)]
    pub to: String,
    /// `mail` or `sms`.
    #[schema(value_type = text::ChannelWord)]
    pub channel: &'static str,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// `accepted` for delivery, or `refused` for good.
    #[schema(value_type = text::DeliveryWord)]
    pub status: &'static str,
}

impl From<Mark> for MarkBody {
    fn from(mark: Mark) -> Self {
        Self { by: mark.by.to_string(), at: iso(mark.at) }
    }
}

impl From<&Delivery> for DeliveryBody {
    fn from(delivery: &Delivery) -> Self {
        Self {
            to: delivery.to.to_string(),
            channel: delivery.channel.as_str(),
            at: iso(delivery.at),
            status: if delivery.accepted { "accepted" } else { "refused" },
        }
    }
}

impl AlertBody {
    /// An alert about somebody, as a reader of `language` reads it.
    pub fn new(alert: &Alert, patient: Option<&Patient>, language: Language) -> Self {
        let content = &alert.content;
        let written = content.written.as_ref();
        let name = patient.map_or("", |patient| patient.profile.name.reveal().as_str());
        let message = written.map_or_else(|| headline(content.kind, language, name), |written| written.message.clone());
        let creator = match (written, content.kind) {
            (Some(written), _) => (Some(written.author.to_string()), "Caregiver"),
            (None, AlertKind::CallMissed) => (content.patient.map(|id| id.to_string()), "Schedule"),
            (None, _) => (content.patient.map(|id| id.to_string()), "Patient"),
        };
        let conversation = content.call.or_else(|| written.and_then(|written| written.conversation));
        Self {
            id: alert.id.to_string(),
            message: message.into_inner(),
            importance: alert.importance().as_str(),
            alert_type: written.map_or("patient", |written| written.topic.as_str()),
            related_patient: content.patient.map(|id| id.to_string()),
            related_conversation: conversation.map(|id| id.to_string()),
            created_by: creator.0,
            created_model: creator.1,
            visibility: written.map_or("assignedCaregivers", |written| written.audience.as_str()),
            read_by: alert.read_by.iter().map(ToString::to_string).collect(),
            relevance_until: alert.expires_at().map(iso),
            kind: content.kind.as_str(),
            severity: content.severity.into(),
            cues: content.cues.clone(),
            created_at: iso(alert.raised_at),
            acknowledged: alert.acknowledged.map(MarkBody::from),
            resolved: alert.resolved.as_ref().map(|resolution| ResolutionBody {
                by: resolution.mark.by.to_string(),
                at: iso(resolution.mark.at),
                note: resolution.note.as_ref().map(|note| note.reveal().clone()),
            }),
            escalation: match alert.rung {
                Rung::Assigned => "assigned",
                Rung::OnCall => "on_call",
                Rung::Admins => "admins",
            },
            escalates_at: alert.climbs_at.map(iso),
            deliveries: alert.deliveries.iter().map(DeliveryBody::from).collect(),
        }
    }
}
