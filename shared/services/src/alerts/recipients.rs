//! Who is told of an alert.

use domain::alerts::{Alert, Channel, Rung};
use domain::caregivers::Caregiver;
use domain::{Result, Role, Scope};

use super::notify::takes_texts;
use crate::Ctx;

/// The caregivers the patient is assigned to; the organisation's administrators when there is none who can
/// be told. As far as the alert has climbed, also those who are on call, and the administrators. Nobody is told
/// who cannot be reached safely: an address or a number that is not verified may be somebody else's.
pub(super) async fn of(ctx: &Ctx, scope: &Scope, alert: &Alert) -> Result<Vec<Caregiver>> {
    let content = &alert.content;
    let patient = match content.patient {
        Some(patient) => ctx.store.patients().find_even_removed(scope, patient).await?,
        None => None,
    };
    let assigned = patient.map(|patient| patient.caregivers).unwrap_or_default();
    let assigned = ctx.store.caregivers().among(scope, &assigned).await?;
    let reachable = |caregiver: &Caregiver| {
        // Whom no message can reach is nobody who is told.
        let mail = caregiver.email_verified && !alert.is_refused(caregiver.id, Channel::Mail);
        let safely = mail || takes_texts(caregiver) && !alert.is_refused(caregiver.id, Channel::Sms);
        caregiver.org == content.org && caregiver.role != Role::Invited && safely && !caregiver.locked
    };
    let mut told: Vec<Caregiver> = assigned.into_iter().filter(reachable).collect();
    let mut add = |more: Vec<Caregiver>| {
        for caregiver in more.into_iter().filter(reachable) {
            if told.iter().all(|known| known.id != caregiver.id) {
                told.push(caregiver);
            }
        }
    };
    if alert.rung >= Rung::OnCall {
        add(ctx.store.caregivers().on_call(content.org).await?);
    }
    if alert.rung >= Rung::Admins {
        add(ctx.store.caregivers().administrators(scope, content.org).await?);
    }
    if told.is_empty() {
        let administrators = ctx.store.caregivers().administrators(scope, content.org).await?;
        told = administrators.into_iter().filter(reachable).collect();
    }
    Ok(told)
}
