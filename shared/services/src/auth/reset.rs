//! A forgotten password.

use domain::audit::{Action, Actor, Subject};
use domain::caregivers::Caregiver;
use domain::mails::AccountMail;
use domain::tokens::Purpose;
use domain::{Email, Origin, Result, Role, Secret};
use store::mongo::{Caregivers, Tokens};

use super::{guard, one_time, password};
use crate::mails::Letter;
use crate::{AccountCtx, audit};

/// Sends a link to set a new password, if there is an account. The answer does not tell. An
/// invited person has no password to forget; their invitation is the way in.
pub async fn forgot(ctx: &AccountCtx, email: &Email, origin: &Origin) -> Result<()> {
    guard::alike(asked(ctx, email, origin)).await
}

async fn asked(ctx: &AccountCtx, email: &Email, origin: &Origin) -> Result<()> {
    let found = ctx.store.caregivers().by_email(email).await?;
    let found = found.map(|(caregiver, _)| caregiver);
    let mailable = found.as_ref().is_some_and(|caregiver| caregiver.role != Role::Invited);
    let may = mailable && guard::may_mail(ctx, email.as_str(), AccountMail::Reset).await?;
    let (actor, org) = match &found {
        Some(caregiver) => (Actor::Account { id: caregiver.id }, Some(caregiver.org)),
        None => (Actor::Nobody { hash: Some(guard::account_key(ctx, email.as_str())) }, None),
    };
    let record = audit::of(ctx, actor, org, origin, Action::PasswordResetAsked, Subject::Session);
    let refused = match &found {
        None => Some("no_account"),
        Some(_) if !mailable => Some("invited"),
        Some(_) => (!may).then_some("too_many_attempts"),
    };
    if let Some(code) = refused {
        return audit::noted(ctx, &record.refused(code)).await;
    }
    let Some(caregiver) = found else { return Ok(()) };
    let (token, add, _) = one_time::issue(ctx, Purpose::ResetPassword, Some(caregiver.id))?;
    let letter = Letter::to(ctx, &caregiver, AccountMail::Reset, Some(token), origin)?;
    let mut writes = vec![Tokens::drop_all(caregiver.id, Purpose::ResetPassword), add, audit::note(&record)?];
    writes.extend(letter.writes());
    ctx.store.commit(writes).await?;
    letter.post(ctx).await;
    Ok(())
}

/// Sets a new password with the token of a mail, once, and ends every sign-in. The token came by
/// mail, so the address is verified by it.
///
/// # Errors
/// `token_invalid`, `validation_failed` for a weak password.
pub async fn reset(ctx: &AccountCtx, token: &Secret, new: &Secret, origin: &Origin) -> Result<()> {
    let (row, before, _) = one_time::shown(ctx, Purpose::ResetPassword, token).await?;
    if row.used || before.role == Role::Invited {
        return Err(one_time::wrong_token(Purpose::ResetPassword));
    }
    password::check(new, &[&before.name, before.email.as_str()])?;
    let hash = password::hash(new, &*ctx.random).await?;
    let caregiver = Caregiver { email_verified: true, ..before };
    let actor = Actor::Account { id: caregiver.id };
    let record = audit::of(ctx, actor, Some(caregiver.org), origin, Action::PasswordReset, Subject::Caregiver);
    let letter = Letter::to(ctx, &caregiver, AccountMail::PasswordChanged, None, origin)?;
    let mut writes = vec![
        Tokens::spend(&row),
        Tokens::drop_all(caregiver.id, Purpose::ResetPassword),
        Tokens::drop_all(caregiver.id, Purpose::SecondFactor),
        Caregivers::set_verified(&caregiver),
        Caregivers::set_password(&caregiver, &hash),
        Caregivers::unlink(&caregiver),
        Caregivers::end_sign_ins(&caregiver),
        audit::note(&record.about([caregiver.id]))?,
    ];
    writes.extend(letter.writes());
    ctx.store.commit(writes).await?;
    letter.post(ctx).await;
    Ok(())
}
