//! Switching the second factor on and off.

use domain::audit::{Action, Subject};
use domain::caregivers::{Caregiver, Credentials, Mfa};
use domain::mails::AccountMail;
use domain::policy::{self, Resource};
use domain::{Caller, Error, Result, Secret};
use jiff::Timestamp;
use store::Write;
use store::mongo::{Caregivers, Sessions};

use super::codes::{self, Shown};
use crate::auth::{factor, guard};
use crate::mails::Letter;
use crate::{AccountCtx, audit};

/// How things stand.
#[derive(Clone, Copy, Debug)]
pub struct Status {
    /// Since when it is on; `None` when it is off.
    pub since: Option<Timestamp>,
    /// Backup codes that are left.
    pub backup_codes: usize,
}

/// What an authenticator app needs, shown once.
#[derive(Debug)]
pub struct Enrolment {
    /// The shared secret, in base32, for those who type.
    pub secret: Secret,
    /// The same as an `otpauth` address, for those who scan.
    pub address: Secret,
    /// The backup codes.
    pub backup_codes: Vec<Secret>,
}

async fn own(ctx: &AccountCtx, caller: &Caller, action: policy::Action) -> Result<(Caregiver, Credentials)> {
    policy::grant(caller, action, Resource::Profile)?;
    let found = ctx.store.caregivers().account(caller.caregiver).await?;
    found.ok_or_else(|| Error::not_found("caregiver_not_found", "Your account no longer exists."))
}

/// How things stand with the caller's second factor.
pub async fn status(ctx: &AccountCtx, caller: &Caller) -> Result<Status> {
    let (_, credentials) = own(ctx, caller, policy::Action::Read).await?;
    Ok(match credentials.mfa {
        Mfa::On { since, backup, .. } => Status { since: Some(since), backup_codes: backup.len() },
        Mfa::Off | Mfa::Pending { .. } => Status { since: None, backup_codes: 0 },
    })
}

/// Begins: the factor is on once it is [confirmed](confirm). Beginning again replaces the secret.
///
/// # Errors
/// `mfa_already_enabled`; `role_not_allowed`, as all of these.
pub async fn enrol(ctx: &AccountCtx, caller: &Caller) -> Result<Enrolment> {
    let (caregiver, credentials) = own(ctx, caller, policy::Action::Update).await?;
    if matches!(credentials.mfa, Mfa::On { .. }) {
        return Err(already());
    }
    let secret = codes::new_secret(&*ctx.random);
    let address = Secret::new(codes::address(&secret, caregiver.email.as_str())?);
    let (backup_codes, backup) = codes::new_backup(ctx, &caregiver);
    let sealed = ctx.vault.seal(&caregiver.id.to_string(), &secret, &*ctx.random)?;
    let record = audit::by(ctx, caller, Action::MfaSetupInitiated, Subject::Caregiver).about([caregiver.id]);
    let pending = Mfa::Pending { secret: sealed, backup };
    ctx.store.commit([Caregivers::set_mfa(&caregiver, &pending), audit::note(&record)?]).await?;
    Ok(Enrolment { secret, address, backup_codes })
}

fn already() -> Error {
    Error::invalid("mfa_already_enabled", "The second factor is on already.")
}

/// Switches it on with a first code, and ends every other sign-in.
///
/// # Errors
/// `mfa_not_begun`, `mfa_already_enabled`, `mfa_code_wrong`, `too_many_attempts`.
pub async fn confirm(ctx: &AccountCtx, caller: &Caller, code: &Secret) -> Result<()> {
    let (caregiver, credentials) = own(ctx, caller, policy::Action::Update).await?;
    let (secret, backup) = match credentials.mfa {
        Mfa::Pending { secret, backup } => (secret, backup),
        Mfa::On { .. } => return Err(already()),
        Mfa::Off => return Err(Error::invalid("mfa_not_begun", "Please begin with the setup.")),
    };
    guard::second_factor(ctx, &caregiver, &caller.origin).await?;
    let opened = ctx.vault.open(&caregiver.id.to_string(), &secret)?;
    let Some(Shown::Step(last_step)) = codes::judge(ctx, &caregiver, &opened, &[], code) else {
        let record = audit::by(ctx, caller, Action::MfaVerificationFailed, Subject::Caregiver);
        audit::noted(ctx, &record.refused("mfa_code_wrong")).await?;
        return Err(codes::wrong());
    };
    let on = Mfa::On { secret, backup, last_step, since: ctx.now() };
    let writes = vec![Caregivers::set_mfa(&caregiver, &on)];
    changed(ctx, caller, &caregiver, Action::MfaEnabled, writes).await
}

/// Switches it off with a code, and ends every other sign-in.
///
/// # Errors
/// `mfa_not_enabled`, `mfa_code_wrong`, `too_many_attempts`.
pub async fn disable(ctx: &AccountCtx, caller: &Caller, code: &Secret) -> Result<()> {
    let (caregiver, credentials) = own(ctx, caller, policy::Action::Update).await?;
    let mut writes = factor::check(ctx, &caregiver, &credentials, code, &caller.origin).await?;
    writes.push(Caregivers::set_mfa(&caregiver, &Mfa::Off));
    changed(ctx, caller, &caregiver, Action::MfaDisabled, writes).await
}

/// Replaces the backup codes, with a code.
///
/// # Errors
/// As [`disable`].
pub async fn renew_backup(ctx: &AccountCtx, caller: &Caller, code: &Secret) -> Result<Vec<Secret>> {
    let (caregiver, credentials) = own(ctx, caller, policy::Action::Update).await?;
    let mut writes = factor::check(ctx, &caregiver, &credentials, code, &caller.origin).await?;
    let (shown, hashes) = codes::new_backup(ctx, &caregiver);
    let record = audit::by(ctx, caller, Action::MfaBackupCodesRegenerated, Subject::Caregiver).about([caregiver.id]);
    writes.extend([Caregivers::set_backup(&caregiver, &hashes), audit::note(&record)?]);
    ctx.store.commit(writes).await?;
    guard::second_factor_succeeded(ctx, &caregiver).await;
    Ok(shown)
}

/// Commits a change of the factor: the other sign-ins end, the owner is told.
async fn changed(
    ctx: &AccountCtx,
    caller: &Caller,
    caregiver: &Caregiver,
    action: Action,
    mut writes: Vec<Write>,
) -> Result<()> {
    let letter = Letter::to(ctx, caregiver, AccountMail::MfaChanged, None, &caller.origin)?;
    let record = audit::by(ctx, caller, action, Subject::Caregiver).about([caregiver.id]);
    writes.extend([
        Caregivers::end_sign_ins(caregiver),
        Sessions::keep(caller.session, caregiver.epoch + 1),
        audit::note(&record)?,
    ]);
    writes.extend(letter.writes());
    ctx.store.commit(writes).await?;
    guard::second_factor_succeeded(ctx, caregiver).await;
    letter.post(ctx).await;
    Ok(())
}
