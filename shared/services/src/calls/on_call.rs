//! Who can be called for a patient.

use domain::caregivers::Caregiver;
use domain::patients::Patient;
use domain::{Phone, Result, Role, policy};

use crate::Ctx;

/// The number of somebody who can take a patient over: an assigned caregiver, else an administrator of the
/// organisation, by name. Only numbers that were verified, of accounts that are not locked, and never the
/// patient's own.
pub async fn on_call(ctx: &Ctx, patient: &Patient) -> Result<Option<Phone>> {
    let system = policy::system("find somebody who takes a patient over");
    let assigned = ctx.store.caregivers().among(&system, &patient.caregivers).await?;
    let found = first(&assigned, patient);
    if found.is_some() {
        return Ok(found);
    }
    Ok(first(&ctx.store.caregivers().administrators(&system, patient.org).await?, patient))
}

fn first(caregivers: &[Caregiver], patient: &Patient) -> Option<Phone> {
    let may = |caregiver: &&Caregiver| {
        caregiver.org == patient.org && caregiver.role != Role::Invited && caregiver.phone_verified && !caregiver.locked
    };
    let numbers = caregivers.iter().filter(may).filter_map(|caregiver| caregiver.phone.clone());
    numbers.into_iter().find(|number| *number != patient.profile.phone)
}
