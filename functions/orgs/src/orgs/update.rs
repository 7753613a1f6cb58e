//! `PATCH /v1/orgs/{orgId}`.

use api::v1::{OrgBody, QuietHours};
use api::{ErrorBody, PathId, Refusals, Result, SignedIn, Valid, nullable, text};
use axum::Json;
use axum::extract::State;
use domain::caregivers::Name;
use domain::orgs::{Change, WebAddress};
use domain::{Email, OrgId, Phone, Zone};
use serde::{Deserialize, Deserializer, Serialize};
use services::{AccountCtx, Front, orgs};
use utoipa::ToSchema;

use super::body;

/// What is to be different. A field that is absent stays; `null` takes an optional value away.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OrgPatch {
    /// Its name, 1 to 100 characters.
    #[schema(value_type = Option<text::PersonName>)]
    name: Option<Name>,
    /// Where it is reached.
    #[schema(value_type = Option<text::EmailAddress>)]
    email: Option<Email>,
    /// Where it is telephoned.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<text::PhoneNumber>)]
    phone: Option<Option<Phone>>,
    /// An `http` or `https` address of its logo. An empty text is as `null`.
    #[serde(default, deserialize_with = "address_or_none")]
    #[schema(value_type = Option<text::WebLink>)]
    logo: Option<Option<WebAddress>>,
    /// IANA time zone its schedules are written in.
    #[schema(value_type = Option<text::ZoneName>)]
    timezone: Option<Zone>,
    /// What happens when a patient does not answer. A field that is absent stays as it is.
    #[serde(default)]
    call_retry_settings: Option<RetriesPatch>,
    /// How planned calls are placed. A field that is absent stays as it is.
    #[serde(default)]
    call_rules: Option<RulesPatch>,
    /// Who is told when nobody acknowledges an alert. A field that is absent stays as it is.
    #[serde(default)]
    escalation: Option<EscalationPatch>,
    /// Accepted for the existing app and not used.
    #[serde(default, rename = "id")]
    _id: Option<String>,
    /// Accepted for the existing app and not used.
    #[serde(default, rename = "avatar")]
    _avatar: Option<String>,
    /// Accepted for the existing app and not used: nobody verifies by saying so.
    #[serde(default, rename = "isEmailVerified")]
    _is_email_verified: Option<bool>,
    /// Accepted for the existing app and not used.
    #[serde(default, rename = "stripeCustomerId")]
    _stripe_customer_id: Option<String>,
    /// Accepted for the existing app and not used: people are invited and removed one by one.
    #[serde(default, rename = "caregivers")]
    #[schema(value_type = Option<Vec<String>>)]
    _caregivers: Option<Vec<String>>,
    /// Accepted for the existing app and not used: a patient does not change organisation.
    #[serde(default, rename = "patients")]
    #[schema(value_type = Option<Vec<String>>)]
    _patients: Option<Vec<String>>,
}

/// What happens when a patient does not answer.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RetriesPatch {
    /// Further attempts.
    #[schema(minimum = 0, maximum = 10, example = 2)]
    retry_count: Option<u8>,
    /// Minutes between attempts.
    #[schema(minimum = 1, maximum = 1440, example = 15)]
    retry_interval_minutes: Option<u16>,
    /// Whether every missed call raises an alert, or only the last.
    alert_on_all_missed_calls: Option<bool>,
}

/// How planned calls are placed.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RulesPatch {
    /// Calls at once, those that people asked for included.
    #[schema(minimum = 1, maximum = 500, example = 20)]
    at_once: Option<u16>,
    /// Calls that begin in a minute.
    #[schema(minimum = 1, maximum = 600, example = 60)]
    per_minute: Option<u16>,
    /// How late a planned call may be, in minutes; later it is skipped.
    #[schema(minimum = 1, maximum = 720, example = 60)]
    catch_up_minutes: Option<u16>,
    /// When nobody is called as planned, on the organisation's clock; `null` for never.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<QuietHours>)]
    quiet_hours: Option<Option<QuietHours>>,
}

/// When more people are told of an alert that nobody acknowledged, in minutes after it was raised.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EscalationPatch {
    /// All who are on call.
    #[schema(minimum = 1, maximum = 1440, example = 5)]
    on_call_after_minutes: Option<u16>,
    /// The administrators too; not before those on call.
    #[schema(minimum = 1, maximum = 1440, example = 15)]
    admins_after_minutes: Option<u16>,
}

/// The existing app sends an empty text for a logo that was taken away.
fn address_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Option<WebAddress>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose().map(Some)
}

impl From<OrgPatch> for Change {
    fn from(patch: OrgPatch) -> Self {
        let retries = patch.call_retry_settings.unwrap_or_default();
        let escalation = patch.escalation.unwrap_or_default();
        let rules = patch.call_rules.unwrap_or_default();
        Self {
            name: patch.name,
            email: patch.email,
            phone: patch.phone,
            zone: patch.timezone,
            logo: patch.logo,
            retry_count: retries.retry_count,
            retry_interval_minutes: retries.retry_interval_minutes,
            alert_on_every_miss: retries.alert_on_all_missed_calls,
            on_call_after: escalation.on_call_after_minutes,
            admins_after: escalation.admins_after_minutes,
            at_once: rules.at_once,
            per_minute: rules.per_minute,
            catch_up_minutes: rules.catch_up_minutes,
            quiet: rules.quiet_hours.map(|hours| hours.map(Into::into)),
        }
    }
}

/// The organisation, and once more under its name: one part of the existing app reads it there.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrgOut {
    #[serde(flatten)]
    whole: OrgBody,
    /// The same again.
    org: OrgBody,
}

/// Changes an organisation.
#[utoipa::path(patch, path = "/v1/orgs/{orgId}", operation_id = "update_org", tag = "orgs",
    params(("orgId" = String, Path, description = "The organisation's id.", pattern = "^[0-9a-fA-F]{24}$")),
    request_body = OrgPatch,
    responses((status = 200, description = "The organisation.", body = OrgOut), Refusals,
        (status = 404, description = "`org_not_found`: not the caller's.", body = ErrorBody)),
    security(("bearer" = [])))]
pub(crate) async fn update_org(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<AccountCtx>>,
    PathId(id): PathId<OrgId>,
    Valid(patch): Valid<OrgPatch>,
) -> Result<Json<OrgOut>> {
    let found = orgs::update(&ctx, &caller, id, patch.into()).await?;
    Ok(Json(OrgOut { whole: body(&found), org: body(&found) }))
}
