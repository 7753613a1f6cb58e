//! Slowing down who guesses.

use std::time::Duration;

use domain::audit::{Action, Actor};
use domain::caregivers::{Caregiver, Credentials, Place};
use domain::hex::hex;
use domain::lockout::{Attempts, Subject};
use domain::mails::AccountMail;
use domain::{Error, Origin, Phone, Result};
use futures_util::FutureExt as _;
use jiff::SignedDuration;
use store::Write;
use store::mongo::AttemptLog;

use crate::mails::Letter;
use crate::{AccountCtx, Use, audit};

/// An attempt at a password that was counted and is not judged yet.
pub(crate) struct Attempt {
    at_place: String,
    others: Vec<(String, Attempts)>,
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

const TOO_MANY: &str = "too_many_attempts";

fn too_many(wait: SignedDuration) -> Error {
    let message = "There were too many attempts. Please wait a moment before you try again.";
    Error::limited(TOO_MANY, message, wait)
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
        // Who signs in where they did before is slowed down by nobody else behind the same address.
        keys.push((format!("account:{account}"), Subject::AccountFromStrangers));
        keys.push((format!("place:{}", hex(&place)), Subject::Place));
    }
    let mut others = Vec::new();
    for (key, subject) in keys {
        let counted = match ctx.store.attempts().count(&key, subject, ctx.now()).await? {
            Ok(counted) => counted,
            Err(wait) => return Err(refused(ctx, email, found, origin, too_many(wait)).await?),
        };
        if counted.count == subject.free()
            && subject != Subject::Place
            && let Some((caregiver, _)) = found
        {
            warn_owner(ctx, caregiver, origin).await?;
        }
        others.push((key, counted));
    }
    others.remove(0);
    Ok(Attempt { at_place, others })
}

/// Notes that nobody was let in, and why; gives the error.
pub(crate) async fn refused(
    ctx: &AccountCtx,
    email: &str,
    found: Option<&(Caregiver, Credentials)>,
    origin: &Origin,
    error: Error,
) -> Result<Error> {
    let (actor, org) = match found {
        Some((caregiver, _)) => (Actor::Account { id: caregiver.id }, Some(caregiver.org)),
        None => (Actor::Nobody { hash: Some(account_key(ctx, email)) }, None),
    };
    let record = audit::of(ctx, actor, org, origin, Action::LoginFailed, audit::Subject::Session);
    audit::noted(ctx, &record.refused(error.code)).await?;
    Ok(error)
}

/// Tells the owner that somebody is slowed down from now on, unless they were told today.
async fn warn_owner(ctx: &AccountCtx, caregiver: &Caregiver, origin: &Origin) -> Result<()> {
    let key = format!("warned:{}", caregiver.id);
    if ctx.store.attempts().count(&key, Subject::Warning, ctx.now()).await?.is_err() {
        return Ok(());
    }
    let letter = Letter::to(ctx, caregiver, AccountMail::Locked, None, origin)?;
    ctx.store.commit(letter.writes()).await?;
    letter.post(ctx).await;
    Ok(())
}

impl Attempt {
    /// It turned out well.
    pub(crate) async fn succeeded(&self, ctx: &AccountCtx) {
        let back = self.others.iter().flat_map(|(key, counted)| AttemptLog::give_back(key, counted));
        forgive(ctx, std::iter::once(AttemptLog::forget(&self.at_place)).chain(back)).await;
    }
}

/// Counts an attempt at the second factor of an account.
///
/// # Errors
/// `too_many_attempts` when it must wait.
pub(crate) async fn second_factor(ctx: &AccountCtx, caregiver: &Caregiver, origin: &Origin) -> Result<()> {
    let Err(wait) = ctx.store.attempts().count(&factor_key(caregiver), Subject::SecondFactor, ctx.now()).await? else {
        return Ok(());
    };
    let (actor, action) = (Actor::Account { id: caregiver.id }, Action::MfaVerificationFailed);
    let record = audit::of(ctx, actor, Some(caregiver.org), origin, action, audit::Subject::Session);
    let error = too_many(wait);
    audit::noted(ctx, &record.refused(error.code)).await?;
    Err(error)
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

/// How long an answer takes at the least that must not tell who has an account: longer than the work for
/// one that has, which is more than for one that has not.
const ALIKE: Duration = Duration::from_millis(500);

/// Does what must look the same whoever asks, in time too.
pub(crate) async fn alike<T: Send>(work: impl Future<Output = T> + Send) -> T {
    // In a box: it is in the future of a handler.
    let (done, ()) = tokio::join!(work.boxed(), tokio::time::sleep(ALIKE));
    done
}

/// Whether a mail of this kind, which anybody can ask for, may be sent to this address again. Each kind
/// has a count of its own: whoever asks for one must not keep another from coming. To be asked when the
/// mail would go out, and not before.
pub(crate) async fn may_mail(ctx: &AccountCtx, email: &str, kind: AccountMail) -> Result<bool> {
    match mail(ctx, email, kind).await {
        Err(error) if error.code == TOO_MANY => Ok(false),
        other => other.map(|()| true),
    }
}

/// Counts a mail that is sent to this address, which may be a stranger's.
///
/// # Errors
/// `too_many_attempts` when it must wait.
pub(crate) async fn mail(ctx: &AccountCtx, email: &str, kind: AccountMail) -> Result<()> {
    let key = format!("mail:{}:{}", kind.as_str(), account_key(ctx, email));
    ctx.store.attempts().count(&key, Subject::Mail, ctx.now()).await?.map(drop).map_err(too_many)
}

/// A code to a telephone number that was counted.
pub(crate) struct Texted {
    key: String,
    counted: Attempts,
}

/// Counts a code that is sent to this number, whoever asks for it; `Err` is how long to wait instead.
pub(crate) async fn text(ctx: &AccountCtx, number: &Phone) -> Result<std::result::Result<Texted, SignedDuration>> {
    let key = format!("sms:{}", account_key(ctx, number.as_str()));
    let counted = ctx.store.attempts().count(&key, Subject::Sms, ctx.now()).await?;
    Ok(counted.map(|counted| Texted { key, counted }))
}

impl Texted {
    /// Nobody took it.
    pub(crate) async fn give_back(&self, ctx: &AccountCtx) {
        forgive(ctx, AttemptLog::give_back(&self.key, &self.counted)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_takes_no_time_takes_as_long_as_what_takes_some() {
        let began = tokio::time::Instant::now();
        let mut took = Vec::new();
        for work in [0, 10, 300] {
            alike(tokio::time::sleep(Duration::from_millis(work))).await;
            took.push(began.elapsed());
        }
        assert_eq!(took, [ALIKE, ALIKE * 2, ALIKE * 3]);
    }
}
