//! Changing a caregiver.

use domain::audit::{self, Subject};
use domain::caregivers::{Caregiver, Change};
use domain::policy::{self, Action, Resource};
use domain::{Caller, CaregiverId, Error, PatientId, Result, Role, Secret};
use futures_util::FutureExt as _;

use super::change::Changes;
use super::{account, may_manage, resource, with_patients};
use crate::AccountCtx;
use crate::audit::watch;
use crate::orgs::counted;

/// A new password, and the one before.
#[derive(Debug)]
pub struct NewPassword {
    /// The new one.
    pub new: Secret,
    /// The one before; needed when the account has one.
    pub current: Option<Secret>,
}

/// Changes a caregiver. Everybody changes their own account; administrators change name, number,
/// language and colours of others, the address of those who have not accepted their invitation
/// yet, and who may sign in.
///
/// # Errors
/// `caregiver_not_found` outside the caller's scope; `role_not_allowed`; `owner_only` for what
/// only the owner of an account changes; `not_oneself` when somebody would lock themselves out;
/// `sign_in_too_old` when the own address or a first password is changed more than ten minutes after
/// the sign-in; `validation_failed` for a weak password or a wrong present one; `email_taken`; `last_admin`;
/// `too_many_attempts`; `account_moved_on` or `org_moved_on` when somebody else changed it at the
/// same moment.
pub async fn update(
    ctx: &AccountCtx,
    caller: &Caller,
    caregiver: CaregiverId,
    change: Change,
    password: Option<NewPassword>,
) -> Result<(Caregiver, Vec<PatientId>)> {
    let work = async {
        let scope = policy::grant(caller, Action::Update, resource(caller, caregiver))?;
        let (before, credentials) = account(ctx, &scope, caregiver).await?;
        may_manage(caller, &before)?;
        let after = change.onto(&before);
        permitted(caller, &before, &after, password.is_some())?;
        let first_password = password.is_some() && credentials.password_hash.is_none();
        if caller.caregiver == before.id && (after.email != before.email || first_password) {
            recently_signed_in(ctx, caller).await?;
        }

        let mut changes = Changes::of(ctx, caller, &before);
        if let Some(password) = &password {
            changes.password(&after, &credentials, password).await?;
        }
        changes.profile(&after)?;
        if after.email != before.email {
            changes.email(&after).await?;
        }
        if after.locked != before.locked {
            changes.lock(&after)?;
        }
        // A platform operator can unlock again whom they locked.
        let goes = after.locked && !before.locked && before.role == Role::OrgAdmin;
        if goes && caller.role != Role::SuperAdmin {
            changes.first(counted(ctx, caller, before.org, Some(before.id)).await?);
        }
        changes.commit().await?;
        with_patients(ctx, caller, after).await
    };
    // In a box, or the handler's future would hold all of it.
    watch(ctx, caller, audit::Action::Update, Subject::Caregiver, caregiver, work.boxed()).await
}

/// An address opens the account by "forgot password", and so does a first password: neither is for
/// whoever found a screen unlocked. 401, so that the existing app asks to sign in.
async fn recently_signed_in(ctx: &AccountCtx, caller: &Caller) -> Result<()> {
    let session = ctx.store.sessions().find(caller.session).await?;
    if session.is_some_and(|session| session.is_recent(ctx.now())) {
        return Ok(());
    }
    Err(Error::unauthenticated("sign_in_too_old", "Please sign in again to change how you sign in."))
}

fn permitted(caller: &Caller, before: &Caregiver, after: &Caregiver, password: bool) -> Result<()> {
    let own = caller.caregiver == before.id;
    if after.locked != before.locked {
        policy::grant(caller, Action::Update, Resource::Rights)?;
        if own {
            return Err(Error::forbidden("not_oneself", "You cannot lock your own account."));
        }
    }
    if password && !own {
        return Err(Error::forbidden("owner_only", "Only its owner can set the password of an account."));
    }
    // An address opens the account by "forgot password", so whoever could set it could take it over.
    let may_address = own || before.role == Role::Invited || caller.role == Role::SuperAdmin;
    if after.email != before.email && !may_address {
        return Err(Error::forbidden("owner_only", "Only its owner can change the address of an account."));
    }
    Ok(())
}
