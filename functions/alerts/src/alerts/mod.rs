//! `/v1/alerts`.

pub(crate) mod acknowledge;
pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod remove;
pub(crate) mod resolve;
pub(crate) mod update;

use api::v1::AlertBody;
use domain::Caller;
use domain::Result;
use services::alerts::Shown;
use services::{Ctx, caregivers};

/// An alert as the caller reads it: in their language.
async fn body(ctx: &Ctx, caller: &Caller, shown: &Shown) -> Result<AlertBody> {
    let language = caregivers::language(ctx, caller).await?;
    Ok(AlertBody::new(&shown.alert, shown.patient.as_ref(), language))
}

async fn bodies(ctx: &Ctx, caller: &Caller, shown: &[Shown]) -> Result<Vec<AlertBody>> {
    let language = caregivers::language(ctx, caller).await?;
    Ok(shown.iter().map(|shown| AlertBody::new(&shown.alert, shown.patient.as_ref(), language)).collect())
}
