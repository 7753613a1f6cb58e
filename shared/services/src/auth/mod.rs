//! Signing in and staying signed in.

mod authenticate;
pub(crate) mod begin;
pub(crate) mod device;
pub(crate) mod factor;
pub(crate) mod guard;
mod invitation;
pub(crate) mod login;
mod logout;
pub(crate) mod one_time;
pub mod password;
mod refresh;
pub(crate) mod register;
mod reset;
mod tokens;
pub(crate) mod verify_email;

pub use authenticate::{authenticate, resume};
pub use begin::Login;
pub use invitation::{Acceptance, accept, invited};
pub use login::{Entry, Proof, login};
pub use logout::logout;
pub use refresh::refresh;
pub use register::{NewOrg, register};
pub use reset::{forgot, reset};
pub(crate) use tokens::hash as hash_of;
pub use tokens::{Token, TokenPair, TokenShown, Tokens};
pub use verify_email::{Verified, resend, verify_email};

use domain::sessions::{REFRESH_LIFETIME, TokenHash};
use domain::{CaregiverId, Result, SessionId};
use jiff::Timestamp;

use crate::{AccountCtx, Front};

/// A new pair of tokens for a sign-in, and the hash to remember the refresh token by.
fn issue(
    ctx: &Front<AccountCtx>,
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
