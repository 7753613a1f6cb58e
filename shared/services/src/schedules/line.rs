//! The telephone line of a patient, which others may share.

use domain::calls::{Call, Direction};
use domain::{Result, policy};

use crate::Ctx;

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
