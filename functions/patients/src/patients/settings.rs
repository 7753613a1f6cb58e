//! `callSettings` of a patient, as clients send them.

use api::{nullable, text};
use domain::patients::{Extension, Patience};
use serde::Deserialize;
use utoipa::ToSchema;

/// How the patient is telephoned and spoken to. A field that is absent stays as it is.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CallSettingsIn {
    /// How long Bianca waits for an answer: `brisk`, `normal`, `patient` (at first) or `veryPatient`.
    #[schema(value_type = Option<text::PatienceWord>)]
    pub patience: Option<Patience>,
    /// How fast she speaks, in percent of her usual pace, 70 to 120; 95 at first.
    #[schema(minimum = 70, maximum = 120, example = 95)]
    pub speech_rate: Option<u8>,
    /// Whether their calls may be recorded; not at first.
    pub recording_consent: Option<bool>,
    /// Whether they agree to be called; they do at first. Who withdrew that is not called.
    pub call_consent: Option<bool>,
    /// Whether calls to them pause; not at first.
    pub calls_paused: Option<bool>,
    /// Keys that are pressed after the answer, for homes with a switchboard: 1 to 16 of `0`-`9`, `*`, `#`, and
    /// `,` for a pause. `null` takes them away.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<text::Keys>)]
    pub extension: Option<Option<Extension>>,
}
