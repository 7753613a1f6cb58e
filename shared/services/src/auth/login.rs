//! Signing in.

use domain::caregivers::{Caregiver, Credentials, SsoLink};
use domain::tokens::Purpose;
use domain::{Email, Error, Origin, Result, Role, Secret};
use store::Write;
use store::mongo::{Caregivers, Tokens};

use super::begin::{Login, admit, begin};
use super::{factor, guard, one_time, password};
use crate::{AccountCtx, Front, sso};

/// How somebody shows who they are.
#[derive(Debug)]
pub enum Proof<'a> {
    /// With a password, and a code if they have one at hand.
    Password {
        /// The address of the account.
        email: &'a str,
        /// Its password.
        password: &'a Secret,
        /// A code of the second factor, or a backup code.
        code: Option<&'a Secret>,
    },
    /// With the token of a sign-in whose password was right, and a code.
    SecondStep {
        /// The token.
        token: &'a Secret,
        /// A code of the second factor, or a backup code.
        code: &'a Secret,
    },
}

/// How far a sign-in came.
#[derive(Debug)]
pub enum Entry {
    /// All the way.
    SignedIn(Box<Login>),
    /// A code of the second factor is missing; this token continues, for five minutes.
    SecondStep(Secret),
}

/// Signs a caregiver in.
///
/// # Errors
/// `credentials_wrong` alike for an unknown address and a wrong password; `account_locked` and
/// `email_not_verified` only to whoever knew the password; `mfa_code_wrong`; `token_invalid`;
/// `too_many_attempts`.
pub async fn login(ctx: &Front<AccountCtx>, proof: Proof<'_>, origin: &Origin) -> Result<Entry> {
    match proof {
        Proof::Password { email, password, code } => with_password(ctx, email, password, code, origin).await,
        Proof::SecondStep { token, code } => {
            let (row, caregiver, credentials) = one_time::shown(ctx, Purpose::SecondFactor, token).await?;
            if row.used || row.epoch.is_some_and(|epoch| epoch != caregiver.epoch) {
                return Err(one_time::wrong_token(Purpose::SecondFactor));
            }
            let mut writes = factor::check(ctx, &caregiver, &credentials, code, origin).await?;
            writes.push(Tokens::spend(&row));
            if let Some(link) = row.link.as_ref().filter(|link| credentials.sso.as_ref() != Some(*link)) {
                writes.extend(sso::linking(ctx, &caregiver, link, origin)?);
            }
            let login = begin(ctx, caregiver, &credentials, origin, writes).await?;
            guard::second_factor_succeeded(ctx, &login.caregiver).await;
            Ok(Entry::SignedIn(Box::new(login)))
        }
    }
}

async fn with_password(
    ctx: &Front<AccountCtx>,
    email: &str,
    password: &Secret,
    code: Option<&Secret>,
    origin: &Origin,
) -> Result<Entry> {
    let found = match email.parse::<Email>() {
        Ok(email) => ctx.store.caregivers().by_email(&email).await?,
        Err(_) => None,
    };
    let (account, attempt) = open(ctx, email, password, found.as_ref(), origin).await?;
    let entry = enter(ctx, account, None, code, origin, Vec::new()).await;
    // Whatever else was wrong, nobody guessed at the password.
    attempt.succeeded(ctx).await;
    if entry.is_ok() {
        renew(ctx, account, password).await;
    }
    entry
}

/// Makes the hash of a password that was right anew if it was made with weaker settings. Only now is
/// the password known.
async fn renew(ctx: &AccountCtx, (caregiver, credentials): &(Caregiver, Credentials), password: &Secret) {
    let Some(before) = credentials.password_hash.as_ref().filter(|hash| password::is_outdated(hash)) else { return };
    let renewed = match password::hash(password, &*ctx.random).await {
        Ok(hash) => ctx.store.commit([Caregivers::renew_password(caregiver, before, &hash)]).await,
        Err(error) => Err(error),
    };
    if let Err(error) = renewed {
        // The old one opens as before; the next sign-in tries again.
        tracing::warn!(%error, "a password's hash could not be made anew");
    }
}

/// Judges a password for the account that was found for `email`. Whoever opened it with a right one
/// says so of the attempt afterwards.
///
/// # Errors
/// `credentials_wrong`, `too_many_attempts`.
pub(crate) async fn open<'a>(
    ctx: &AccountCtx,
    email: &str,
    password: &Secret,
    found: Option<&'a (Caregiver, Credentials)>,
    origin: &Origin,
) -> Result<(&'a (Caregiver, Credentials), guard::Attempt)> {
    let attempt = guard::password(ctx, email, found, origin).await?;
    let hash = found.and_then(|(_, credentials)| credentials.password_hash.as_ref());
    let right = password::verify(password, hash).await?;
    let Some(account) = found.filter(|(caregiver, _)| right && caregiver.role != Role::Invited) else {
        let wrong = Error::unauthenticated("credentials_wrong", "Incorrect email or password");
        return Err(guard::refused(ctx, email, found, origin, wrong).await?);
    };
    Ok((account, attempt))
}

/// Begins a sign-in of an account that somebody opened, or asks for its second factor. `link` is
/// made when all of it was shown. `writes` are committed with it, or undo it.
///
/// # Errors
/// `account_locked`, `email_not_verified`, `mfa_code_wrong`, `too_many_attempts`; what a write at
/// fault says.
pub(crate) async fn enter(
    ctx: &Front<AccountCtx>,
    (caregiver, credentials): &(Caregiver, Credentials),
    link: Option<&SsoLink>,
    code: Option<&Secret>,
    origin: &Origin,
    mut writes: Vec<Write>,
) -> Result<Entry> {
    admit(ctx, caregiver, origin).await?;
    if caregiver.mfa_enabled {
        let Some(code) = code else {
            let (add, token) = one_time::second_step(ctx, caregiver, link)?;
            writes.push(add);
            ctx.store.commit(writes).await?;
            return Ok(Entry::SecondStep(token));
        };
        writes.extend(factor::check(ctx, caregiver, credentials, code, origin).await?);
    }
    if let Some(link) = link {
        writes.extend(sso::linking(ctx, caregiver, link, origin)?);
    }
    let login = begin(ctx, caregiver.clone(), credentials, origin, writes).await?;
    if caregiver.mfa_enabled {
        guard::second_factor_succeeded(ctx, caregiver).await;
    }
    Ok(Entry::SignedIn(Box::new(login)))
}
