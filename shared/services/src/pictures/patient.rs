//! The picture of a patient.

use domain::audit::{self, Subject};
use domain::patients::Patient;
use domain::policy::{self, Action, Resource};
use domain::{Caller, PatientId, PictureId, Result, Scope};
use futures_util::FutureExt as _;
use store::mongo::Patients;

use super::{forget, keep, settled};
use crate::AccountCtx;
use crate::again::insist;
use crate::audit::{by, note, watch};
use crate::patients::visible;

/// Gives a patient another picture; the one before is taken away. Whoever may not is refused
/// before anything is looked at.
///
/// # Errors
/// `patient_not_found` outside the caller's scope; as [`clients::pictures::normalise`];
/// `picture_moved_on`.
pub async fn of_patient(
    ctx: &AccountCtx,
    caller: &Caller,
    patient: PatientId,
    upload: impl AsRef<[u8]> + Send + 'static,
) -> Result<Patient> {
    let work = async {
        let scope = policy::grant(caller, Action::Update, Resource::Patient)?;
        visible(ctx, &scope, patient).await?;
        let picture = keep(ctx, upload).await?;
        let done = insist(|| exchange(ctx, caller, &scope, patient, picture)).await;
        let before = settled(ctx, picture, done).await?;
        if let Some(old) = before.picture {
            forget(ctx, old).await;
        }
        Ok(Patient { picture: Some(picture), ..before })
    };
    // In a box, or the handler's future would hold all of it.
    watch(ctx, caller, audit::Action::Update, Subject::Patient, patient, work.boxed()).await
}

/// Gives the patient as they were.
async fn exchange(
    ctx: &AccountCtx,
    caller: &Caller,
    scope: &Scope,
    patient: PatientId,
    picture: PictureId,
) -> Result<Patient> {
    let before = visible(ctx, scope, patient).await?;
    let record = by(ctx, caller, audit::Action::Update, Subject::Patient).about([patient]).within(before.org);
    ctx.store.commit([Patients::set_picture(scope, &before, picture, ctx.now()), note(&record)?]).await?;
    Ok(before)
}
