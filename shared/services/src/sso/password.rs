//! A first password for an account that was made without one.

use domain::audit::Actor;
use domain::mails::AccountMail;
use domain::tokens::Purpose;
use domain::{Error, Origin, Result, Role, Secret};
use store::mongo::{Caregivers, Tokens};

use super::login::refused;
use super::prove::{Shown, prove};
use crate::AccountCtx;
use crate::audit::{self, Action, Subject};
use crate::auth::begin::admit;
use crate::auth::password;
use crate::mails::Letter;

/// Sets a password for the account that is linked with the one the provider vouches for, if it has
/// none; every sign-in ends.
///
/// # Errors
/// `sso_token_invalid`, `sso_provider_unknown`; `sso_not_linked`, `account_locked`,
/// `email_not_verified`; `password_already_set`; `validation_failed` for a weak password and one
/// that was not repeated.
pub async fn set_password(
    ctx: &AccountCtx,
    shown: &Shown<'_>,
    new: &Secret,
    repeated: &Secret,
    origin: &Origin,
) -> Result<()> {
    if new.expose() != repeated.expose() {
        return Err(Error::field("confirmPassword", "must be the same as password"));
    }
    let proven = prove(ctx, shown, origin).await?;
    let account = ctx.store.caregivers().by_sso(&proven.identity.link()).await?;
    let Some(account) = account.filter(|(caregiver, _)| caregiver.role != Role::Invited) else {
        let error = Error::not_found("sso_not_linked", "There is no account that is linked with this one.");
        return Err(refused(ctx, None, error, origin).await?);
    };
    let (caregiver, credentials) = account;
    admit(ctx, &caregiver, origin).await?;
    if credentials.password_hash.is_some() {
        let message = "This account has a password already. It can be changed with \"forgot password\".";
        return Err(Error::invalid("password_already_set", message));
    }
    password::check(new, &[&caregiver.name, caregiver.email.as_str()])?;
    let hash = password::hash(new, &*ctx.random).await?;
    let actor = Actor::Account { id: caregiver.id };
    let record = audit::of(ctx, actor, Some(caregiver.org), origin, Action::PasswordChanged, Subject::Caregiver);
    let letter = Letter::to(ctx, &caregiver, AccountMail::PasswordChanged, None, origin)?;
    let mut writes = vec![
        Tokens::spend(&proven.nonce),
        Tokens::drop_all(caregiver.id, Purpose::ResetPassword),
        Tokens::drop_all(caregiver.id, Purpose::SecondFactor),
        Caregivers::set_password(&caregiver, &hash),
        Caregivers::end_sign_ins(&caregiver),
        audit::note(&record.about([caregiver.id]))?,
    ];
    writes.extend(letter.writes());
    ctx.store.commit(writes).await?;
    letter.post(ctx).await;
    Ok(())
}
