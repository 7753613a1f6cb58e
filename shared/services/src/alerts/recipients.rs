//! Who is told of an alert.

use domain::alerts::Alert;
use domain::caregivers::Caregiver;
use domain::{Result, Role, Scope};

use crate::Ctx;

/// The caregivers the patient is assigned to; the organisation's administrators when there is none who can
/// be told. Nobody is told who cannot sign in: the address may be somebody else's.
pub(super) async fn of(ctx: &Ctx, scope: &Scope, alert: &Alert) -> Result<Vec<Caregiver>> {
    let content = &alert.content;
    let patient = ctx.store.patients().find_even_removed(scope, content.patient).await?;
    let assigned = patient.map(|patient| patient.caregivers).unwrap_or_default();
    let assigned = ctx.store.caregivers().among(scope, &assigned).await?;
    let reachable = |caregiver: &Caregiver| {
        caregiver.org == content.org && caregiver.role != Role::Invited && caregiver.email_verified && !caregiver.locked
    };
    let assigned: Vec<Caregiver> = assigned.into_iter().filter(reachable).collect();
    if !assigned.is_empty() {
        return Ok(assigned);
    }
    let administrators = ctx.store.caregivers().administrators(scope, content.org).await?;
    Ok(administrators.into_iter().filter(reachable).collect())
}
