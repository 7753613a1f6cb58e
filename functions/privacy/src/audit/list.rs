//! `GET /v1/audit`.

use api::v1::RecordBody;
use api::{Checked, CursorPageBody, ErrorBody, Refusals, Result, SignedIn, ValidQuery};
use axum::Json;
use axum::extract::State;
use domain::audit::Narrowing;
use services::{AuditCtx, Front, audit};
use utoipa::IntoParams;

/// Rows on a page when the client does not say.
const ROWS: u32 = 50;

/// Which records are wanted. Kept as text, so that a wrong value is named like every other.
#[derive(serde::Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// Rows on a page, 1 to 100; 50 when not said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, example = 50)]
    limit: Option<String>,
    /// Only records about this patient, caregiver, call or whatever else has an id. One of `about`,
    /// `actor` and `highRisk` at a time.
    #[param(pattern = "^[0-9a-fA-F]{24}$")]
    about: Option<String>,
    /// Only what this caregiver did or tried.
    #[param(pattern = "^[0-9a-fA-F]{24}$")]
    actor: Option<String>,
    /// `true`: only what a person should look at.
    #[param(pattern = "^true$", example = "true")]
    high_risk: Option<String>,
    /// Of which organisation; one's own when not said. For operators of the platform.
    #[param(pattern = "^[0-9a-fA-F]{24}$")]
    org: Option<String>,
}

impl Query {
    fn narrowing(&self, checked: &mut Checked) -> Narrowing {
        let about = checked.id("about", self.about.as_deref()).map(Narrowing::About);
        let actor = checked.id("actor", self.actor.as_deref()).map(Narrowing::By);
        let risky = checked.word("highRisk", self.high_risk.as_deref(), &[("true", ())]).map(|()| Narrowing::HighRisk);
        let given = [("about", &self.about), ("actor", &self.actor), ("highRisk", &self.high_risk)];
        let given = given.into_iter().filter(|(_, value)| value.is_some()).map(|(name, _)| name);
        for name in given.skip(1) {
            checked.wrong(name, "must be the only one of about, actor and highRisk");
        }
        about.or(actor).or(risky).unwrap_or_default()
    }
}

/// Who did what to whose data in the organisation, newest first. For administrators; that they look is
/// a record too.
#[utoipa::path(get, path = "/v1/audit", operation_id = "list_audit_records", tag = "audit", params(Query),
    responses((status = 200, description = "A page of records.", body = CursorPageBody<RecordBody>), Refusals,
        (status = 404, description = "No such organisation, or not the caller's.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn list_audit_records(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AuditCtx>>,
    ValidQuery(query): ValidQuery<Query>,
) -> Result<Json<CursorPageBody<RecordBody>>> {
    let mut checked = Checked::default();
    let page = checked.page(query.cursor.as_deref(), query.limit.as_deref(), ROWS, true);
    let narrowing = query.narrowing(&mut checked);
    let org = checked.id("org", query.org.as_deref());
    checked.done()?;
    let found = audit::list(&ctx, &caller, org, &narrowing, &page).await?;
    Ok(Json(found.map(|sealed| RecordBody::from(&sealed)).into()))
}
