//! `POST /v1/alerts`.

use api::v1::AlertBody;
use api::{Created, ErrorBody, Refusals, Result, SignedIn, Valid, text};
use axum::extract::State;
use domain::alerts::{Audience, Importance, Topic};
use domain::{CallId, PatientId};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use services::alerts::New;
use services::{Ctx, Front, alerts};
use utoipa::ToSchema;

use super::body;

/// What somebody wants others to know.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AlertIn {
    /// What.
    #[schema(value_type = text::AlertMessage)]
    message: String,
    /// How much it matters.
    #[schema(value_type = text::ImportanceWord)]
    importance: Importance,
    /// What it is about: with `patient` and `conversation` it must say which.
    #[schema(value_type = text::TopicWord)]
    alert_type: Topic,
    /// The patient it is about.
    #[schema(value_type = Option<text::ObjectId>)]
    related_patient: Option<PatientId>,
    /// The conversation it is about.
    #[schema(value_type = Option<text::ObjectId>)]
    related_conversation: Option<CallId>,
    /// Who sees it, besides who wrote it and the administrators.
    #[schema(value_type = text::AudienceWord)]
    visibility: Audience,
    /// Until when it matters; until somebody acknowledges it, when it is left out.
    #[schema(value_type = Option<text::Instant>)]
    relevance_until: Option<Timestamp>,
    /// Accepted for the existing app and not used: it is whoever is signed in.
    #[serde(default, rename = "createdBy")]
    #[schema(value_type = Value, required = false)]
    _created_by: Option<IgnoredAny>,
    /// Accepted for the existing app and not used: it is a caregiver.
    #[serde(default, rename = "createdModel")]
    #[schema(value_type = Value, required = false)]
    _created_model: Option<IgnoredAny>,
    /// Accepted for the existing app and not used: nobody has read it yet.
    #[serde(default, rename = "readBy")]
    #[schema(value_type = Value, required = false)]
    _read_by: Option<IgnoredAny>,
}

impl From<AlertIn> for New {
    fn from(input: AlertIn) -> Self {
        Self {
            message: input.message,
            importance: input.importance,
            topic: input.alert_type,
            patient: input.related_patient,
            conversation: input.related_conversation,
            audience: input.visibility,
            relevant_until: input.relevance_until,
        }
    }
}

/// Puts up an alert. Nobody is sent a message: it is in the lists of those whom it is for.
#[utoipa::path(post, path = "/v1/alerts", operation_id = "create_alert", tag = "alerts",
    request_body = AlertIn,
    responses((status = 201, description = "The alert.", body = AlertBody), Refusals,
        (status = 404, description = "`patient_not_found` or `conversation_not_found`: none that the caller may see.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn create_alert(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    Valid(input): Valid<AlertIn>,
) -> Result<Created<AlertBody>> {
    let shown = alerts::create(&ctx, &caller, input.into()).await?;
    Ok(Created(body(&ctx, &caller, &shown).await?))
}
