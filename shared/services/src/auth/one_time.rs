//! Tokens for one use.

use domain::caregivers::{Caregiver, Credentials, SsoLink};
use domain::tokens::{OneTime, Purpose};
use domain::{CaregiverId, Result, Secret, TokenId};
use store::Write;
use store::mongo::Tokens;

use super::tokens::hash;
use crate::AccountCtx;

/// A new token, the write that remembers it, and the token itself.
pub(crate) fn issue(
    ctx: &AccountCtx,
    purpose: Purpose,
    caregiver: Option<CaregiverId>,
) -> Result<(TokenId, Write, Secret)> {
    let (row, token) = new(ctx, purpose, caregiver);
    Ok((row.id, Tokens::add(&row)?, token))
}

/// A token that continues a sign-in of `caregiver` with the second factor, and links an account at a
/// provider then. It ends with the sign-ins: whoever knew a password that was changed meanwhile is not
/// let in.
pub(crate) fn second_step(ctx: &AccountCtx, caregiver: &Caregiver, link: Option<&SsoLink>) -> Result<(Write, Secret)> {
    let (row, token) = new(ctx, Purpose::SecondFactor, Some(caregiver.id));
    let row = OneTime { link: link.cloned(), epoch: Some(caregiver.epoch), ..row };
    Ok((Tokens::add(&row)?, token))
}

fn new(ctx: &AccountCtx, purpose: Purpose, caregiver: Option<CaregiverId>) -> (OneTime, Secret) {
    let now = ctx.now();
    let id = TokenId::generate(now, &*ctx.random);
    let token = ctx.vault.tokens(purpose, id).next().expect("a vault has a key");
    let (hash, expires_at) = (hash(&token), now + purpose.lifetime());
    (OneTime { id, purpose, caregiver, link: None, epoch: None, hash, expires_at, used: false }, token)
}

/// The code of every token that is not good, whatever the reason.
pub(crate) const WRONG: &str = "token_invalid";

/// The error of every token that is not good, whatever the reason.
pub(crate) fn wrong_token(purpose: Purpose) -> domain::Error {
    domain::Error::unauthenticated(WRONG, purpose.refusal())
}

/// A token as somebody shows it, with its account. It may have been used.
///
/// # Errors
/// `token_invalid` when it was not made for `purpose`, has ended, or its account is gone.
pub(crate) async fn shown(
    ctx: &AccountCtx,
    purpose: Purpose,
    token: &Secret,
) -> Result<(OneTime, Caregiver, Credentials)> {
    let wrong = || wrong_token(purpose);
    let found = ctx.store.tokens().find(purpose, &hash(token), ctx.now()).await?.ok_or_else(wrong)?;
    let caregiver = found.caregiver.ok_or_else(wrong)?;
    let (caregiver, credentials) = ctx.store.caregivers().account(caregiver).await?.ok_or_else(wrong)?;
    Ok((found, caregiver, credentials))
}
