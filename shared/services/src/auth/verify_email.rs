//! Proving that an address is the account's.

use domain::audit::{Action, Actor, Subject};
use domain::caregivers::Caregiver;
use domain::mails::AccountMail;
use domain::tokens::Purpose;
use domain::{Email, Origin, Result, Role, Secret};
use store::Write;
use store::mongo::{Caregivers, Tokens};

use super::begin::{Login, begin};
use super::{guard, one_time};
use crate::mails::Letter;
use crate::{AccountCtx, Front, audit};

/// What became of a link.
#[derive(Debug)]
pub enum Verified {
    /// The address is verified now, and whoever clicked is signed in.
    SignedIn(Box<Login>),
    /// The address is verified; signing in takes more than a link (a second factor, or the link
    /// was used before).
    Already,
}

/// Verifies an address. The first click signs in; a second one changes nothing.
///
/// # Errors
/// `token_invalid`, `account_locked`.
pub async fn verify_email(ctx: &Front<AccountCtx>, token: &Secret, origin: &Origin) -> Result<Verified> {
    match first_click(ctx, token, origin).await {
        Err(error) if error.code == one_time::WRONG => second_click(ctx, token).await,
        other => other,
    }
}

/// A click on a link that was used, a moment or hours ago.
async fn second_click(ctx: &AccountCtx, token: &Secret) -> Result<Verified> {
    let (row, caregiver, _) = one_time::shown(ctx, Purpose::VerifyEmail, token).await?;
    if row.used && caregiver.email_verified {
        Ok(Verified::Already)
    } else {
        Err(one_time::wrong_token(Purpose::VerifyEmail))
    }
}

async fn first_click(ctx: &Front<AccountCtx>, token: &Secret, origin: &Origin) -> Result<Verified> {
    let (row, before, credentials) = one_time::shown(ctx, Purpose::VerifyEmail, token).await?;
    if row.used {
        return Err(one_time::wrong_token(Purpose::VerifyEmail));
    }
    let caregiver = Caregiver { email_verified: true, ..before };
    let actor = Actor::Account { id: caregiver.id };
    let record = audit::of(ctx, actor, Some(caregiver.org), origin, Action::EmailVerified, Subject::Caregiver);
    let writes = vec![
        Tokens::spend(&row),
        Tokens::drop_all(caregiver.id, Purpose::VerifyEmail),
        Caregivers::set_verified(&caregiver),
        audit::note(&record.about([caregiver.id]))?,
    ];
    if caregiver.mfa_enabled || caregiver.role == Role::Invited {
        ctx.store.commit(writes).await?;
        return Ok(Verified::Already);
    }
    begin(ctx, caregiver, &credentials, origin, writes).await.map(Box::new).map(Verified::SignedIn)
}

/// Sends the link again, if there is an account that needs it. The answer does not tell.
pub async fn resend(ctx: &AccountCtx, email: &Email, origin: &Origin) -> Result<()> {
    guard::alike(asked_again(ctx, email, origin)).await
}

async fn asked_again(ctx: &AccountCtx, email: &Email, origin: &Origin) -> Result<()> {
    let found = ctx.store.caregivers().by_email(email).await?;
    // Who is invited has a link already, and it is the only one that lets them in.
    let waits = |caregiver: &Caregiver| !caregiver.email_verified && caregiver.role != Role::Invited;
    let Some((caregiver, _)) = found.filter(|(caregiver, _)| waits(caregiver)) else { return Ok(()) };
    if !guard::may_mail(ctx, email.as_str(), AccountMail::Verify).await? {
        return Ok(());
    }
    let (writes, letter) = ask(ctx, &caregiver, origin)?;
    ctx.store.commit(writes).await?;
    letter.post(ctx).await;
    Ok(())
}

/// The writes that ask the owner of an address to verify it, and the mail to post after them.
/// Older links end.
pub(crate) fn ask(ctx: &AccountCtx, caregiver: &Caregiver, origin: &Origin) -> Result<(Vec<Write>, Letter)> {
    let (token, add, _) = one_time::issue(ctx, Purpose::VerifyEmail, Some(caregiver.id))?;
    let letter = Letter::to(ctx, caregiver, AccountMail::Verify, Some(token), origin)?;
    let mut writes = vec![Tokens::drop_all(caregiver.id, Purpose::VerifyEmail), add];
    writes.extend(letter.writes());
    Ok((writes, letter))
}
