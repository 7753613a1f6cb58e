//! `GET /v1/patients/{patientId}/conversations`.

use api::v1::ConversationBody;
use api::{ErrorBody, PageBody, PageQuery, PathId, Refusals, Result, SignedIn};
use axum::Json;
use axum::extract::State;
use domain::PatientId;
use domain::page::Sort;
use services::{CallCtx, Front, conversations};

const SORTABLE: &[&str] = &["startTime"];
const NEWEST: Sort = Sort { field: "startTime", descending: true };

/// A patient's conversations with their turns, newest first. Sortable by `startTime`.
#[utoipa::path(get, path = "/v1/patients/{patientId}/conversations", operation_id = "list_conversations_of_patient", tag = "conversations",
    params(("patientId" = String, Path, description = "The patient's id.", pattern = "^[0-9a-fA-F]{24}$"), PageQuery,
        ("sortBy" = Option<String>, Query, description = "`startTime:asc` or `startTime:desc`.", example = "startTime:desc",
            pattern = "^(startTime(:(asc|desc))?)?$")),
    responses((status = 200, description = "A page of conversations.", body = PageBody<ConversationBody>), Refusals,
        (status = 404, description = "Not among the patients the caller may see.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn list_conversations_of_patient(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<CallCtx>>,
    PathId(patient): PathId<PatientId>,
    query: PageQuery,
) -> Result<Json<PageBody<ConversationBody>>> {
    let page = query.page(SORTABLE, NEWEST)?;
    let found = conversations::list(&ctx, &caller, patient, &page).await?;
    let now = ctx.now();
    let body = found.map(|listed| {
        let ids = (listed.conversation.id, listed.conversation.patient);
        ConversationBody::new(ids, listed.call.as_ref(), Some(&listed.conversation), &listed.messages, now)
    });
    Ok(Json(body.into()))
}
