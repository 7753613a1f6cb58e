//! A mail about an account.

use domain::{Error, MailId, Result};
use services::mails;

use crate::wire::JobCtx;

/// Sends it. Running it twice sends it once.
pub(crate) async fn run(ctx: &JobCtx, mail: MailId) -> Result<()> {
    let post = ctx.base.post.as_ref().ok_or_else(|| Error::internal("MAIL_FROM is not set, so no mail can be sent"))?;
    mails::send(&ctx.base, &ctx.vault, post, mail).await
}
