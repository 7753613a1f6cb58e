//! Giving somebody another role.

use domain::audit::{self, Subject};
use domain::caregivers::Caregiver;
use domain::policy::{self, Action, Resource};
use domain::{Caller, CaregiverId, Error, OrgId, PatientId, Result, Role};
use store::mongo::Caregivers;

use super::{counted, inside};
use crate::Ctx;
use crate::again::insist;
use crate::audit::{by, note, watch};
use crate::caregivers::{account, with_patients};

/// Gives somebody of an organisation another role, and ends their sign-ins. Of two administrators
/// who demote each other at the same moment one stays.
///
/// # Errors
/// `org_not_found` or `caregiver_not_found` outside the caller's scope; `validation_failed` for a
/// role that is not given here; `invitation_pending`; `last_admin`; `role_not_allowed` for a
/// platform operator.
pub async fn set_role(
    ctx: &Ctx,
    caller: &Caller,
    org: OrgId,
    caregiver: CaregiverId,
    role: Role,
) -> Result<(Caregiver, Vec<PatientId>)> {
    let work = async {
        let changed = insist(|| once(ctx, caller, org, caregiver, role)).await?;
        with_patients(ctx, caller, changed).await
    };
    watch(ctx, caller, audit::Action::PermissionChange, Subject::Caregiver, caregiver, work).await
}

async fn once(ctx: &Ctx, caller: &Caller, org: OrgId, caregiver: CaregiverId, role: Role) -> Result<Caregiver> {
    let scope = policy::grant(caller, Action::Update, Resource::Rights)?;
    if !matches!(role, Role::Staff | Role::OrgAdmin) {
        return Err(Error::field("role", "must be staff or orgAdmin"));
    }
    let scope = inside(ctx, &scope, org).await?;
    let (before, _) = account(ctx, &scope, caregiver).await?;
    match before.role {
        same if same == role => return Ok(before),
        Role::Staff | Role::OrgAdmin => {}
        Role::Invited => {
            let message = "They have not accepted the invitation yet. Their role can be changed once they have.";
            return Err(Error::conflict("invitation_pending", message));
        }
        // Made and unmade only by an operator command.
        Role::SuperAdmin => return Err(Error::forbidden("role_not_allowed", "Your role does not allow this.")),
    }
    let after = Caregiver { role, ..before.clone() };
    let leaving = (before.role == Role::OrgAdmin).then_some(before.id);
    let record = by(ctx, caller, audit::Action::PermissionChange, Subject::Caregiver).within(org);
    let record = record.about([caregiver.to_string(), role.as_str().to_owned()]);
    let writes = [
        counted(ctx, caller, org, leaving).await?,
        Caregivers::alter(&before, &after, ctx.now())?,
        Caregivers::end_sign_ins(&before),
        note(&record)?,
    ];
    ctx.store.commit(writes).await?;
    Ok(after)
}
