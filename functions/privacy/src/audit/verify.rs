//! `GET /v1/audit/verify`.

use api::v1::AuditReportBody;
use api::{Checked, ErrorBody, Refusals, Result, SignedIn, ValidQuery};
use axum::Json;
use axum::extract::State;
use services::{AuditCtx, Front, audit};
use utoipa::IntoParams;

/// Whose trail is to be verified.
#[derive(serde::Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// Of which organisation; one's own when not said. For operators of the platform.
    #[param(pattern = "^[0-9a-fA-F]{24}$")]
    org: Option<String>,
}

/// Whether the audit trail is whole: no record was changed, taken out or put in. That the newest
/// ones were cut off shows when `sealedUpTo` is less than it was before.
#[utoipa::path(get, path = "/v1/audit/verify", operation_id = "verify_audit_trail", tag = "audit", params(Query),
    responses((status = 200, description = "What was found.", body = AuditReportBody), Refusals,
        (status = 404, description = "No such organisation, or not the caller's.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn verify_audit_trail(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AuditCtx>>,
    ValidQuery(query): ValidQuery<Query>,
) -> Result<Json<AuditReportBody>> {
    let mut checked = Checked::default();
    let org = checked.id("org", query.org.as_deref());
    checked.done()?;
    let report = audit::verify(&ctx, &caller, org).await?;
    Ok(Json(AuditReportBody::from(&report.findings)))
}
