//! The picture of a caregiver.

use domain::audit::{self, Subject};
use domain::caregivers::Caregiver;
use domain::policy::{self, Action, Resource};
use domain::{Caller, CaregiverId, PatientId, PictureId, Result, Scope};
use futures_util::FutureExt as _;
use store::mongo::Caregivers;

use super::{forget, keep, settled};
use crate::AccountCtx;
use crate::again::insist;
use crate::audit::{by, note, watch};
use crate::caregivers::{account, may_manage, visible, with_patients};

/// Gives a caregiver another picture; the one before is taken away. Whoever may not is refused
/// before anything is looked at.
///
/// # Errors
/// `caregiver_not_found` outside the caller's scope; as [`clients::pictures::normalise`];
/// `picture_moved_on`.
pub async fn of_caregiver(
    ctx: &AccountCtx,
    caller: &Caller,
    caregiver: CaregiverId,
    upload: impl AsRef<[u8]> + Send + 'static,
) -> Result<(Caregiver, Vec<PatientId>)> {
    let work = async {
        let own = caller.caregiver == caregiver;
        let resource = if own { Resource::Profile } else { Resource::Caregiver };
        let scope = policy::grant(caller, Action::Update, resource)?;
        may_manage(caller, &visible(ctx, &scope, caregiver).await?)?;
        let picture = keep(ctx, upload).await?;
        let done = insist(|| exchange(ctx, caller, &scope, caregiver, picture)).await;
        let before = settled(ctx, picture, done).await?;
        if let Some(old) = before.picture {
            forget(ctx, old).await;
        }
        with_patients(ctx, caller, Caregiver { picture: Some(picture), ..before }).await
    };
    // In a box, or the handler's future would hold all of it.
    watch(ctx, caller, audit::Action::Update, Subject::Caregiver, caregiver, work.boxed()).await
}

/// Gives the caregiver as they were.
async fn exchange(
    ctx: &AccountCtx,
    caller: &Caller,
    scope: &Scope,
    caregiver: CaregiverId,
    picture: PictureId,
) -> Result<Caregiver> {
    let (before, _) = account(ctx, scope, caregiver).await?;
    let record = by(ctx, caller, audit::Action::Update, Subject::Caregiver).about([caregiver]).within(before.org);
    ctx.store.commit([Caregivers::set_picture(&before, picture, ctx.now()), note(&record)?]).await?;
    Ok(before)
}
