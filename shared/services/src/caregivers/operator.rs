//! Platform operators, who reach every organisation.

use domain::audit::{Action, Actor, Record, Subject};
use domain::caregivers::Caregiver;
use domain::{AuditId, Clock, Email, Error, Origin, Random, Result, Role};
use store::Store;
use store::mongo::{Audits, Caregivers};

/// Makes an administrator a platform operator, or an operator an administrator again, and ends their
/// sign-ins. No request does this: it is for whoever can write to the database anyway. Somebody who is
/// it already stays it.
///
/// # Errors
/// `caregiver_not_found`; `role_not_allowed` for whoever is neither; `mfa_not_enabled` for an account that
/// a password alone opens; `account_moved_on`.
pub async fn set_operator(
    store: &Store,
    clock: &dyn Clock,
    random: &dyn Random,
    email: &Email,
    on: bool,
) -> Result<Caregiver> {
    let (before, _) = store.caregivers().by_email(email).await?.ok_or_else(super::nobody)?;
    let (from, to) = if on { (Role::OrgAdmin, Role::SuperAdmin) } else { (Role::SuperAdmin, Role::OrgAdmin) };
    if before.role == to {
        return Ok(before);
    }
    if before.role != from {
        return Err(Error::forbidden("role_not_allowed", "Only an administrator is made a platform operator."));
    }
    if on && !before.mfa_enabled {
        return Err(Error::invalid(
            "mfa_not_enabled",
            "A platform operator needs a second factor. Please set it up first.",
        ));
    }
    let (now, after) = (clock.now(), Caregiver { role: to, ..before.clone() });
    let actor = Actor::System { reason: "an operator command".to_owned() };
    let id = AuditId::generate(now, random);
    let record =
        Record::new(actor, Some(before.org), &Origin::default(), id, now, Action::PermissionChange, Subject::Caregiver);
    let record = Record { high_risk: true, ..record.about([before.id.to_string(), to.as_str().to_owned()]) };
    let writes = [Caregivers::alter(&before, &after, now)?, Caregivers::end_sign_ins(&before), Audits::note(&record)?];
    store.commit(writes).await?;
    Ok(after)
}
