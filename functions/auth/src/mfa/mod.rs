//! `/v1/mfa`.

pub(crate) mod backup;
pub(crate) mod disable;
pub(crate) mod enable;
mod qr;
pub(crate) mod status;
pub(crate) mod verify;

use domain::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeIn {
    /// Six digits of the authenticator, or a backup code.
    #[schema(value_type = String, min_length = 6, max_length = 16, example = "287082")]
    pub token: Secret,
}

/// How things stand now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SwitchedOut {
    /// A sentence for people.
    pub message: &'static str,
    /// Whether signing in takes a second factor.
    pub mfa_enabled: bool,
}
