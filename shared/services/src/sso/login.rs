//! Signing in.

use domain::audit::Actor;
use domain::caregivers::{Caregiver, Credentials};
use domain::{Error, Origin, Result, Role, Secret};
use store::mongo::Tokens;

use super::prove::{Proven, Shown, prove};
use super::{link, register};
use crate::audit::{self, Action, Subject};
use crate::auth::{Entry, login as auth};
use crate::caregivers::lapse;
use crate::{AccountCtx, Front};

/// How often it is looked again when the account changed meanwhile.
const LOOKS: u32 = 3;

/// What an account can ask for besides.
#[derive(Clone, Copy, Debug, Default)]
pub struct Steps<'a> {
    /// Its password, to link it.
    pub password: Option<&'a Secret>,
    /// A code of its second factor.
    pub code: Option<&'a Secret>,
}

/// Signs somebody in by the word of a provider: to the account that is linked with theirs; with its
/// password to the one that has their address, which links it; or to a new organisation of theirs.
/// The nonce is spent with it, and with nothing else.
///
/// # Errors
/// `sso_token_invalid`, `sso_provider_unknown`; `sso_link_required`, `sso_linked_elsewhere`,
/// `sso_email_unverified`, `invitation_pending`; `credentials_wrong`, `too_many_attempts`,
/// `account_locked`, `email_not_verified`, `mfa_code_wrong`.
pub async fn login(ctx: &Front<AccountCtx>, shown: &Shown<'_>, steps: Steps<'_>, origin: &Origin) -> Result<Entry> {
    let proven = prove(ctx, shown, origin).await?;
    let mut looks = 1;
    loop {
        match decide(ctx, &proven, steps, origin).await {
            // Somebody was faster, often the same person in another window: there is an account now.
            Err(error) if looks < LOOKS && matches!(error.code, "email_taken" | "account_moved_on") => looks += 1,
            other => return other,
        }
    }
}

async fn decide(ctx: &Front<AccountCtx>, proven: &Proven, steps: Steps<'_>, origin: &Origin) -> Result<Entry> {
    let caregivers = ctx.store.caregivers();
    if let Some(account) = caregivers.by_sso(&proven.identity.link()).await? {
        if account.0.role == Role::Invited {
            return Err(refused(ctx, Some(&account), invitation_pending(), origin).await?);
        }
        let spend = vec![Tokens::spend(&proven.nonce)];
        return auth::enter(ctx, &account, None, steps.code, origin, spend).await;
    }
    let Some(email) = &proven.identity.email else {
        let message = "There is no verified e-mail address with this account. Please sign in with a password.";
        return Err(refused(ctx, None, Error::forbidden("sso_email_unverified", message), origin).await?);
    };
    match caregivers.by_email(email).await? {
        Some((caregiver, _)) if lapse(ctx, &caregiver).await? => register::register(ctx, proven, email, origin).await,
        Some(account) => link::join(ctx, proven, &account, steps, origin).await,
        None => register::register(ctx, proven, email, origin).await,
    }
}

/// An invited person has no account yet, and an invitation is completed with the token of its mail
/// alone: that the address is theirs does not say that they accept.
pub(super) fn invitation_pending() -> Error {
    let message = "You were invited to an organisation. Please use the link of the invitation first.";
    Error::forbidden("invitation_pending", message)
}

/// Notes that a sign-in was refused, and why.
pub(super) async fn refused(
    ctx: &AccountCtx,
    account: Option<&(Caregiver, Credentials)>,
    error: Error,
    origin: &Origin,
) -> Result<Error> {
    let (actor, org) = match account {
        Some((caregiver, _)) => (Actor::Account { id: caregiver.id }, Some(caregiver.org)),
        None => (Actor::Nobody { hash: None }, None),
    };
    let record = audit::of(ctx, actor, org, origin, Action::LoginFailed, Subject::Session);
    audit::noted(ctx, &record.refused(error.code)).await?;
    Ok(error)
}
