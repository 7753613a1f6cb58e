//! Signing in and staying signed in.

mod authenticate;
mod login;
mod logout;
pub mod password;
mod refresh;
mod tokens;

pub use authenticate::authenticate;
pub use login::{Login, login};
pub use logout::logout;
pub use refresh::refresh;
pub use tokens::{Token, TokenPair, Tokens};

use std::time::Duration;

use domain::sessions::{REFRESH_LIFETIME, TokenHash};
use domain::{CaregiverId, Result, Secret, SessionId};
use jiff::Timestamp;
use store::mongo::Sessions;

use crate::{Ctx, Front};

/// A new pair of tokens for a sign-in, and the hash to remember the refresh token by.
fn issue(
    ctx: &Front<Ctx>,
    session: SessionId,
    caregiver: CaregiverId,
    now: Timestamp,
) -> Result<(TokenPair, TokenHash)> {
    let refresh = tokens::random_token(&*ctx.random);
    let hash = tokens::hash(&refresh);
    let access = ctx.tokens.sign(session, caregiver, now)?;
    let refresh = Token { token: refresh, expires: now + REFRESH_LIFETIME };
    Ok((TokenPair { access, refresh }, hash))
}

/// Where the cache keeps who a sign-in belongs to.
fn session_key(session: SessionId) -> String {
    format!("session:{session}")
}

/// Ends a sign-in everywhere. Barred in the cache rather than forgotten: a request that looked the
/// sign-in up a moment ago must not put it back.
async fn end_session(ctx: &Ctx, session: SessionId) -> Result<()> {
    ctx.store.commit([Sessions::end(session)]).await?;
    ctx.cache.bar(&session_key(session), REMEMBERED).await;
    Ok(())
}

/// How long the cache may answer for the store. Should the cache be unreachable in the moment in
/// which a sign-in ends, this is how long the end can go unnoticed.
const REMEMBERED: Duration = Duration::from_mins(1);

/// The error of every refresh token that is not good, whatever the reason.
fn sign_in_again() -> domain::Error {
    domain::Error::unauthenticated("token_invalid", "Please sign in again.")
}

/// Reads a refresh token as a client shows it.
fn hashed(token: &Secret) -> TokenHash {
    tokens::hash(token)
}
