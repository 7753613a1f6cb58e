//! Sending a mail.

use domain::caregivers::Caregiver;
use domain::mails::{AccountFacts, AccountMail, Rendered, account_mail};
use domain::tokens::Purpose;
use domain::{MailId, Result, Secret, TokenId, policy};
use jiff::SignedDuration;
use store::mongo::{Mails, Waiting};

use crate::auth::hash_of;
use crate::{Ctx, Post, Vault};

/// Nobody else sends a mail for this long while somebody tries.
const TRYING: SignedDuration = SignedDuration::from_mins(2);
/// After a day a mail tells nothing that its reader still needs, and links have ended.
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(24);

/// Sends a mail, once. When the mail service does not take it, it is put off: one minute, then
/// twice as long each time, up to an hour.
///
/// # Errors
/// When the store does not answer.
pub async fn send(ctx: &Ctx, vault: &Vault, post: &Post, mail: MailId) -> Result<()> {
    let now = ctx.now();
    let Some(mail) = ctx.store.mails().claim(mail, now, now + TRYING).await? else { return Ok(()) };
    let Some((to, text)) = written(ctx, vault, post, &mail).await? else {
        return ctx.store.commit([Mails::remove(mail.id)]).await;
    };
    if let Err(error) = post.mail.send_rich(mail.to.as_ref().unwrap_or(&to.email), &text).await {
        if now.duration_since(mail.at) > GIVEN_UP {
            tracing::error!(mail = %mail.id, %error, "a mail could not be sent for a day and is given up");
            return ctx.store.commit([Mails::remove(mail.id)]).await;
        }
        let pause = SignedDuration::from_mins(1) * 2_i32.pow(mail.attempts.min(6));
        tracing::warn!(mail = %mail.id, %error, "a mail is put off");
        return ctx.store.commit([Mails::put_off(mail.id, now + pause.min(SignedDuration::from_hours(1)))]).await;
    }
    ctx.store.commit([Mails::remove(mail.id)]).await
}

/// The mail and whom to send it to; `None` when there is nobody any more, or nothing to follow.
async fn written(ctx: &Ctx, vault: &Vault, post: &Post, mail: &Waiting) -> Result<Option<(Caregiver, Rendered)>> {
    let system = policy::system("send a mail about an account");
    let Some(to) = ctx.store.caregivers().find(&system, mail.caregiver).await? else { return Ok(None) };
    let Some(org) = ctx.store.orgs().find(&system, to.org).await? else { return Ok(None) };
    let link = match mail.token {
        None => post.app.clone(),
        Some(token) => match secret(ctx, vault, token).await? {
            None => return Ok(None),
            Some((purpose, token)) => format!("{}{}?token={}", post.app, path(purpose), token.expose()),
        },
    };
    let facts = AccountFacts {
        name: if mail.kind == AccountMail::EmailTaken { "" } else { &to.name },
        org: &org.name,
        link: &link,
        app: &post.app,
        at: mail.at,
        zone: &org.zone,
        device: mail.device.as_deref().unwrap_or_default(),
    };
    let text = account_mail(mail.kind, to.language, &facts);
    Ok(Some((to, text)))
}

/// The token itself, made anew from its id: only its hash is stored.
async fn secret(ctx: &Ctx, vault: &Vault, token: TokenId) -> Result<Option<(Purpose, Secret)>> {
    let Some(row) = ctx.store.tokens().by_id(token, ctx.now()).await?.filter(|row| !row.used) else { return Ok(None) };
    let made = vault.tokens(row.purpose, row.id).find(|token| hash_of(token) == row.hash);
    Ok(made.map(|token| (row.purpose, token)))
}

/// The page of the web app that takes the token: the existing app's.
const fn path(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::VerifyEmail => "/auth/verify-email",
        Purpose::ResetPassword => "/reset-password",
        // The others are not mailed.
        Purpose::Invite | Purpose::SecondFactor | Purpose::Nonce => "/signup",
    }
}
