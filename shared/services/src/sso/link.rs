//! Linking an account of ours with one at a provider.

use domain::audit::Actor;
use domain::caregivers::{Caregiver, Credentials, Provider, SsoLink};
use domain::{Error, Origin, Result, Role};
use store::Write;
use store::mongo::{Caregivers, Tokens};

use super::login::{Steps, invitation_pending, refused};
use super::prove::Proven;
use crate::audit::{self, Action, Subject};
use crate::auth::{Entry, login as auth};
use crate::{AccountCtx, Front};

/// Signs in to the account that has the address the provider vouches for, and links it. Its
/// password is asked for: an address alone opens nothing, whoever vouches for it.
pub(super) async fn join(
    ctx: &Front<AccountCtx>,
    proven: &Proven,
    account: &(Caregiver, Credentials),
    steps: Steps<'_>,
    origin: &Origin,
) -> Result<Entry> {
    let (caregiver, credentials) = account;
    let link = proven.identity.link();
    if caregiver.role == Role::Invited {
        return Err(refused(ctx, Some(account), invitation_pending(), origin).await?);
    }
    if credentials.sso.is_some() {
        return Err(refused(ctx, Some(account), linked_elsewhere(), origin).await?);
    }
    let Some(password) = steps.password else {
        return Err(refused(ctx, Some(account), link_required(link.provider), origin).await?);
    };
    let email = caregiver.email.as_str();
    let (account, attempt) = auth::open(ctx, email, password, Some(account), origin).await?;
    let nonce = vec![Tokens::spend(&proven.nonce)];
    let entry = auth::enter(ctx, account, Some(&link), steps.code, origin, nonce).await;
    attempt.succeeded(ctx).await;
    entry
}

fn link_required(provider: Provider) -> Error {
    let message = "There is an account with this address. Please enter its password once to link them.";
    Error::forbidden("sso_link_required", message)
        .telling("requiresPassword", true)
        .telling("ssoProvider", provider.as_str())
}

fn linked_elsewhere() -> Error {
    let message = "The account with this address is linked with another one already. Please sign in with that.";
    Error::conflict("sso_linked_elsewhere", message)
}

/// The writes that link an account.
pub(crate) fn linking(ctx: &AccountCtx, caregiver: &Caregiver, link: &SsoLink, origin: &Origin) -> Result<[Write; 2]> {
    let actor = Actor::Account { id: caregiver.id };
    let record = audit::of(ctx, actor, Some(caregiver.org), origin, Action::SsoLinked, Subject::Caregiver);
    let about = [caregiver.id.to_string(), link.provider.as_str().to_owned()];
    Ok([Caregivers::link(caregiver, link), audit::note(&record.about(about))?])
}
