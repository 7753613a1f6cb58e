//! The second factor at a sign-in.

use domain::audit::{Action, Actor, Subject};
use domain::caregivers::{Caregiver, Credentials, Mfa};
use domain::{Error, Origin, Result, Secret};
use store::Write;
use store::mongo::Caregivers;

use super::guard;
use crate::mfa::codes::{self, Shown};
use crate::{AccountCtx, audit};

/// Checks a code and gives the writes that use it up: of two who show the same code at the same
/// time only one can commit them. Who did says [`guard::second_factor_succeeded`].
///
/// # Errors
/// `mfa_code_wrong`, also for a code that was used before; `too_many_attempts`.
pub(crate) async fn check(
    ctx: &AccountCtx,
    caregiver: &Caregiver,
    credentials: &Credentials,
    code: &Secret,
    origin: &Origin,
) -> Result<Vec<Write>> {
    let Mfa::On { secret, backup, last_step, .. } = &credentials.mfa else {
        return Err(Error::invalid("mfa_not_enabled", "This account has no second factor."));
    };
    guard::second_factor(ctx, caregiver, origin).await?;
    let secret = ctx.vault.open(&caregiver.id.to_string(), secret)?;
    let actor = || Actor::Account { id: caregiver.id };
    let record = |action| audit::of(ctx, actor(), Some(caregiver.org), origin, action, Subject::Session);
    let mut writes = Vec::new();
    match codes::judge(ctx, caregiver, &secret, backup, code) {
        Some(Shown::Step(step)) if step > *last_step => writes.push(Caregivers::use_step(caregiver, step)),
        Some(Shown::Backup(hash)) => {
            writes.push(Caregivers::use_backup(caregiver, &hash));
            writes.push(audit::note(&record(Action::MfaBackupCodeUsed))?);
        }
        _ => {
            audit::noted(ctx, &record(Action::MfaVerificationFailed).refused("mfa_code_wrong")).await?;
            return Err(codes::wrong());
        }
    }
    Ok(writes)
}
