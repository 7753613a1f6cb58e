//! `/v1/phone-verification`.

pub(crate) mod resend;
pub(crate) mod send;
pub(crate) mod verify;

use serde::Serialize;
use services::phone::Sending;
use utoipa::ToSchema;

/// A code is on its way.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SentOut {
    /// Always true.
    success: bool,
    /// A sentence for people.
    message: &'static str,
    /// Until when the code is good.
    #[schema(value_type = String, format = DateTime, example = "2026-12-01T09:10:00.000Z")]
    expires_at: String,
    /// Where it was sent: all but the last four digits are stars.
    #[schema(example = "+*******0123")]
    phone_number: String,
}

impl From<Sending> for SentOut {
    fn from(sending: Sending) -> Self {
        Self {
            success: true,
            message: "A code is on its way to your telephone.",
            expires_at: format!("{:.3}", sending.expires_at),
            phone_number: sending.number.masked(),
        }
    }
}
