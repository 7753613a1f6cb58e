//! Slowing down who guesses.

use domain::audit::{Action, Actor};
use domain::caregivers::{Caregiver, Credentials, Place};
use domain::hex::hex;
use domain::lockout::Subject;
use domain::mails::AccountMail;
use domain::{Error, Origin, Result};
use jiff::SignedDuration;
use store::Write;
use store::mongo::AttemptLog;

use crate::mails::Letter;
use crate::{AccountCtx, Use, audit};

/// An attempt at a password that was counted and is not judged yet.
pub(crate) struct Attempt {
    at_place: String,
    others: Vec<String>,
}

/// The keyed hash of where a request comes from.
pub(crate) fn place(ctx: &AccountCtx, origin: &Origin) -> Place {
    first_half(ctx.vault.hash(Use::Place, &[origin.network().as_bytes()]))
}

fn first_half(hash: [u8; 32]) -> [u8; 16] {
    hash[..16].try_into().expect("16 of 32 bytes")
}

/// The keyed hash of an address, as attempts and the audit trail name it.
pub(crate) fn account_key(ctx: &AccountCtx, email: &str) -> String {
    hex(&first_half(ctx.vault.hash(Use::Account, &[email.trim().to_lowercase().as_bytes()])))
}

fn too_many(wait: SignedDuration) -> Error {
    let message = "There were too many attempts. Please wait a moment before you try again.";
    Error::limited("too_many_attempts", message, wait)
}

/// Counts an attempt at the password of `email`, which may have no account: both look alike.
///
/// # Errors
/// `too_many_attempts` when it must wait.
pub(crate) async fn password(
    ctx: &AccountCtx,
    email: &str,
    found: Option<&(Caregiver, Credentials)>,
    origin: &Origin,
) -> Result<Attempt> {
    let (account, place) = (account_key(ctx, email), place(ctx, origin));
    let known = found.is_some_and(|(_, credentials)| credentials.places.contains(&place));
    let at_place = format!("account:{account}:{}", hex(&place));
    let mut keys = vec![(at_place.clone(), Subject::AccountAtPlace)];
    if !known {
        keys.push((format!("account:{account}"), Subject::AccountFromStrangers));
    }
    keys.push((format!("place:{}", hex(&place)), Subject::Place));
    for (key, subject) in &keys {
        let counted = ctx.store.attempts().count(key, *subject, ctx.now()).await?;
        let counted = counted.map_err(too_many)?;
        if counted.count == subject.free()
            && *subject != Subject::Place
            && let Some((caregiver, _)) = found
        {
            warn_owner(ctx, caregiver, origin).await?;
        }
    }
    let others = keys.into_iter().skip(1).map(|(key, _)| key).collect();
    Ok(Attempt { at_place, others })
}

/// Notes that somebody is slowed down, and tells the owner unless they were told today.
async fn warn_owner(ctx: &AccountCtx, caregiver: &Caregiver, origin: &Origin) -> Result<()> {
    let actor = Actor::Account { id: caregiver.id };
    let record = audit::of(ctx, actor, Some(caregiver.org), origin, Action::LoginFailed, audit::Subject::Session);
    let record = audit::note(&record.refused("too_many_attempts"))?;
    let key = format!("warned:{}", caregiver.id);
    if ctx.store.attempts().count(&key, Subject::Warning, ctx.now()).await?.is_err() {
        return ctx.store.commit([record]).await;
    }
    let letter = Letter::to(ctx, caregiver, AccountMail::Locked, None, origin)?;
    ctx.store.commit(letter.writes().chain([record])).await?;
    letter.post(ctx).await;
    Ok(())
}

impl Attempt {
    /// It turned out well.
    pub(crate) async fn succeeded(&self, ctx: &AccountCtx) {
        let back = self.others.iter().map(|key| AttemptLog::give_back(key));
        forgive(ctx, std::iter::once(AttemptLog::forget(&self.at_place)).chain(back)).await;
    }
}

/// Counts an attempt at the second factor of an account.
///
/// # Errors
/// `too_many_attempts` when it must wait.
pub(crate) async fn second_factor(ctx: &AccountCtx, caregiver: &Caregiver) -> Result<()> {
    let counted = ctx.store.attempts().count(&factor_key(caregiver), Subject::SecondFactor, ctx.now()).await?;
    counted.map(drop).map_err(too_many)
}

/// An attempt at the second factor of an account turned out well.
pub(crate) async fn second_factor_succeeded(ctx: &AccountCtx, caregiver: &Caregiver) {
    forgive(ctx, [AttemptLog::forget(&factor_key(caregiver))]).await;
}

fn factor_key(caregiver: &Caregiver) -> String {
    format!("factor:{}", caregiver.id)
}

/// One by one, after what was tried is done and not in its transaction: whoever else counts would
/// wait for that one, with a connection that it needs itself.
async fn forgive(ctx: &AccountCtx, counts: impl IntoIterator<Item = Write> + Send) {
    for write in counts.into_iter().collect::<Vec<_>>() {
        if let Err(error) = ctx.store.commit([write]).await {
            // What was tried is done. The count is too high by one, and forgotten in a day.
            tracing::warn!(%error, "an attempt that turned out well stays counted");
        }
    }
}

/// Whether a mail that anybody can ask for may be sent to this address again.
pub(crate) async fn may_mail(ctx: &AccountCtx, email: &str) -> Result<bool> {
    let key = format!("mail:{}", account_key(ctx, email));
    Ok(ctx.store.attempts().count(&key, Subject::Mail, ctx.now()).await?.is_ok())
}

/// Counts a mail that somebody signed in has sent to this address, which may be a stranger's.
///
/// # Errors
/// `too_many_attempts` when it must wait.
pub(crate) async fn mail(ctx: &AccountCtx, email: &str) -> Result<()> {
    let key = format!("mail:{}", account_key(ctx, email));
    ctx.store.attempts().count(&key, Subject::Mail, ctx.now()).await?.map(drop).map_err(too_many)
}
