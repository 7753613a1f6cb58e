//! `/v1/auth`.

pub(crate) mod invitation;
pub(crate) mod login;
pub(crate) mod logout;
mod page;
pub(crate) mod password;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod resend;
pub(crate) mod sso_password;
pub(crate) mod verify;

use domain::Secret;
use serde::{Deserialize, Serialize};
use services::auth::{Login, TokenPair};
use utoipa::{IntoParams, ToSchema};

use api::v1::{AlertBody, CaregiverBody, OrgBody, PatientBody, TokenBody, TokensBody};

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RefreshIn {
    /// The refresh token of the last sign-in or exchange.
    #[schema(value_type = String, example = "mB3yQ0x0v1lH8YwzqjJ3cI2S3kW5bqk9xJYt0w9mC7U")]
    pub refresh_token: Secret,
}

/// A token of a mail, in the address.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TokenQuery {
    /// The token of the mail.
    #[param(value_type = String, example = "Z0k3r2hLq1Yd8vYc")]
    pub token: Secret,
}

/// A sentence for people.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageOut {
    /// The sentence.
    pub message: &'static str,
}

/// It is done.
#[derive(Serialize, ToSchema)]
pub(crate) struct DoneOut {
    /// Always true.
    pub success: bool,
    /// A sentence for people.
    pub message: &'static str,
}

/// Everything the first screen shows.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginOut {
    /// The caregiver's organisation.
    pub org: OrgBody,
    /// Who signed in.
    pub caregiver: CaregiverBody,
    /// The patients they may see, oldest first.
    pub patients: Vec<PatientBody>,
    /// The alerts they may see that somebody still has to see to, newest first.
    pub alerts: Vec<AlertBody>,
    /// The tokens.
    pub tokens: TokensBody,
}

impl From<Login> for LoginOut {
    fn from(login: Login) -> Self {
        let language = login.caregiver.language;
        Self {
            org: OrgBody::new(&login.org, &login.colleagues, login.patients.iter().map(|patient| patient.id)),
            caregiver: CaregiverBody::new(&login.caregiver, login.assigned),
            patients: login.patients.iter().map(|patient| PatientBody::new(patient, &login.schedules)).collect(),
            alerts: login
                .alerts
                .iter()
                .map(|shown| AlertBody::new(&shown.alert, shown.patient.as_ref(), language))
                .collect(),
            tokens: body(&login.tokens),
        }
    }
}

pub(crate) fn body(tokens: &TokenPair) -> TokensBody {
    TokensBody {
        access: TokenBody::new(&tokens.access.token, tokens.access.expires),
        refresh: TokenBody::new(&tokens.refresh.token, tokens.refresh.expires),
    }
}
