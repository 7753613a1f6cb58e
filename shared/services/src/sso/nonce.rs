//! What ties an id token to a sign-in with us.

use domain::tokens::Purpose;
use domain::{Result, Secret};
use jiff::Timestamp;

use crate::AccountCtx;
use crate::auth::one_time;

/// A new nonce and until when it is good. The app gives it to the provider, which puts it into the
/// id token; so a token that was made for somebody else's sign-in, or used before, is none here.
pub async fn nonce(ctx: &AccountCtx) -> Result<(Secret, Timestamp)> {
    let until = ctx.now() + Purpose::Nonce.lifetime();
    let (_, add, nonce) = one_time::issue(ctx, Purpose::Nonce, None)?;
    ctx.store.commit([add]).await?;
    Ok((nonce, until))
}
