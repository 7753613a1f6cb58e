//! Who somebody is, by the word of a provider.

use clients::oidc::Identity;
use domain::audit::Actor;
use domain::caregivers::Provider;
use domain::tokens::{OneTime, Purpose};
use domain::{Error, Kind, Origin, Result, Secret};

use crate::AccountCtx;
use crate::audit::{self, Action, Subject};
use crate::auth::hash_of;

/// What an app shows when somebody came back from a provider.
#[derive(Debug)]
pub struct Shown<'a> {
    /// Which provider.
    pub provider: Provider,
    /// What it signed.
    pub id_token: &'a Secret,
    /// The nonce it was asked with.
    pub nonce: &'a Secret,
}

/// Somebody the provider vouches for, and the nonce that is to be spent with what they do.
pub(super) struct Proven {
    pub(super) identity: Identity,
    pub(super) nonce: OneTime,
}

/// Finds out who it is. The nonce is not spent.
///
/// # Errors
/// `sso_token_invalid`, `sso_provider_unknown`, [`Kind::Unavailable`] when the provider's keys
/// cannot be had.
pub(super) async fn prove(ctx: &AccountCtx, shown: &Shown<'_>, origin: &Origin) -> Result<Proven> {
    let proven = look(ctx, shown).await;
    if let Err(error) = &proven
        && error.kind == Kind::Unauthenticated
    {
        let nobody = Actor::Nobody { hash: None };
        let record = audit::of(ctx, nobody, None, origin, Action::LoginFailed, Subject::Session);
        audit::noted(ctx, &record.refused(error.code)).await?;
    }
    proven
}

async fn look(ctx: &AccountCtx, shown: &Shown<'_>) -> Result<Proven> {
    // First what costs less: a nonce that was made up asks no provider for keys.
    let nonce = ctx.store.tokens().find(Purpose::Nonce, &hash_of(shown.nonce), ctx.now()).await?;
    let nonce = nonce.filter(|nonce| !nonce.used).ok_or_else(|| {
        Error::unauthenticated("sso_token_invalid", "Signing in did not work. Please try again.")
            .because("the nonce was used, has ended or is none of ours")
    })?;
    let identity = ctx.sso.verify(shown.provider, shown.id_token, shown.nonce.expose(), ctx.now()).await?;
    Ok(Proven { identity, nonce })
}

/// Who somebody is, without signing them in; the nonce stays good.
///
/// # Errors
/// `sso_token_invalid`, `sso_provider_unknown`, [`Kind::Unavailable`].
pub async fn verify(ctx: &AccountCtx, shown: &Shown<'_>, origin: &Origin) -> Result<Identity> {
    prove(ctx, shown, origin).await.map(|proven| proven.identity)
}
