//! `POST /v1/calls/initiate`.

use api::v1::InitiatedBody;
use api::{Created, ErrorBody, Refusals, Result, SignedIn, Valid, text};
use axum::extract::State;
use domain::PatientId;
use domain::calls::checked_notes;
use serde::Deserialize;
use services::{CallCtx, Front, calls, caregivers};
use utoipa::ToSchema;

/// Who is to be called.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct InitiateIn {
    /// The patient's id.
    #[schema(value_type = text::ObjectId)]
    patient_id: PatientId,
    /// What a caregiver wants to remember about the call, up to 500 characters.
    #[schema(max_length = 500)]
    call_notes: Option<String>,
}

/// Calls a patient now. The phone rings a moment later; follow it with `GET /v1/calls/{id}/status`.
#[utoipa::path(post, path = "/v1/calls/initiate", operation_id = "initiate_call", tag = "calls", request_body = InitiateIn,
    responses((status = 201, description = "The call waits for a line.", body = InitiatedBody), Refusals,
        (status = 404, description = "Not among the patients the caller may see.", body = ErrorBody),
        (status = 409, description = "`call_in_progress`: the patient is already being called.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn initiate_call(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<CallCtx>>,
    Valid(input): Valid<InitiateIn>,
) -> Result<Created<InitiatedBody>> {
    let notes = checked_notes(input.call_notes, "callNotes")?;
    // Before the call: once it is placed, nothing may make it look refused.
    let agent_name = caregivers::name(&ctx, &caller).await?;
    let (call, patient) = calls::initiate(&ctx, &caller, input.patient_id, notes).await?;
    Ok(Created(InitiatedBody::new(&call, &patient, agent_name)))
}
