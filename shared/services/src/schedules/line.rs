//! The telephone line of a patient, which others may share.

use domain::calls::{Call, Direction};
use domain::patients::Patient;
use domain::{Result, Scope, policy};

use crate::Ctx;

/// Patients with the same number that are looked at.
const SHARING: u32 = 200;

/// Whether the patient is being called, or somebody else on the same telephone: one of a couple waits for the other.
///
/// # Errors
/// When the store does not answer.
pub(crate) async fn is_line_taken(ctx: &Ctx, system: &Scope, patient: &Patient) -> Result<bool> {
    let sharing = ctx.store.patients().by_phone(system, &patient.profile.phone, SHARING).await?;
    // Behind a switchboard everybody has the same number and a line of their own.
    let same = |other: &Patient| other.id != patient.id && other.profile.extension == patient.profile.extension;
    let others = sharing.into_iter().filter(same).map(|other| other.id);
    ctx.store.calls().is_any_live(&others.chain([patient.id]).collect::<Vec<_>>()).await
}

/// Whether an answered call shows that this patient was spoken with. Whoever calls in is known by a number only, and when
/// several patients have it, it may have been another of them.
///
/// # Errors
/// When the store does not answer.
pub(super) async fn is_surely_of_patient(ctx: &Ctx, answered: &Call) -> Result<bool> {
    if answered.direction == Direction::Outbound {
        return Ok(true);
    }
    let system = policy::system("find out who was spoken with");
    let Some(patient) = ctx.store.patients().find_even_removed(&system, answered.patient).await? else {
        return Ok(false);
    };
    // Of all organisations, as whoever answers the call looks: two are enough to know.
    let sharing = ctx.store.patients().by_phone(&system, &patient.profile.phone, 2).await?;
    Ok(sharing.iter().all(|other| other.id == patient.id))
}
