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
    issue_linking(ctx, purpose, caregiver, None)
}

/// The same for a token that links an account at a provider when it is used.
pub(crate) fn issue_linking(
    ctx: &AccountCtx,
    purpose: Purpose,
    caregiver: Option<CaregiverId>,
    link: Option<&SsoLink>,
) -> Result<(TokenId, Write, Secret)> {
    let now = ctx.now();
    let id = TokenId::generate(now, &*ctx.random);
    let token = ctx.vault.tokens(purpose, id).next().expect("a vault has a key");
    let (hash, expires_at) = (hash(&token), now + purpose.lifetime());
    let row = OneTime { id, purpose, caregiver, link: link.cloned(), hash, expires_at, used: false };
    Ok((id, Tokens::add(&row)?, token))
}

/// The code of every token that is not good, whatever the reason.
pub(crate) const WRONG: &str = "token_invalid";

/// The error of every token that is not good, whatever the reason.
pub(crate) fn wrong_token() -> domain::Error {
    let message = "This link was used already or has expired. Please ask for a new one.";
    domain::Error::unauthenticated(WRONG, message)
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
    let found = ctx.store.tokens().find(purpose, &hash(token), ctx.now()).await?.ok_or_else(wrong_token)?;
    let caregiver = found.caregiver.ok_or_else(wrong_token)?;
    let (caregiver, credentials) = ctx.store.caregivers().account(caregiver).await?.ok_or_else(wrong_token)?;
    Ok((found, caregiver, credentials))
}
