//! Completing an invitation.

use domain::audit::{Action, Actor, Subject};
use domain::caregivers::{Caregiver, Name};
use domain::tokens::Purpose;
use domain::{Email, Error, Origin, Phone, Result, Role, Secret};
use store::mongo::{Caregivers, Tokens};

use super::begin::{Login, begin};
use super::{one_time, password};
use crate::{AccountCtx, Front, audit};

/// Who accepts an invitation.
#[derive(Debug)]
pub struct Acceptance {
    /// The token of the mail.
    pub token: Secret,
    /// The invited address.
    pub email: Email,
    /// Their name.
    pub name: Name,
    /// Where they are telephoned.
    pub phone: Phone,
    /// Their password.
    pub password: Secret,
}

/// Who was invited, to fill in the form.
///
/// # Errors
/// `token_invalid`.
pub async fn invited(ctx: &AccountCtx, token: &Secret) -> Result<Caregiver> {
    let (row, caregiver, _) = one_time::shown(ctx, Purpose::Invite, token).await?;
    if row.used || caregiver.role != Role::Invited {
        Err(one_time::wrong_token(Purpose::Invite))
    } else {
        Ok(caregiver)
    }
}

/// Completes an invitation, once, and signs the new colleague in. The token came by mail, so the
/// address is verified by it.
///
/// # Errors
/// `token_invalid`, `email_mismatch`, `validation_failed` for a weak password.
pub async fn accept(ctx: &Front<AccountCtx>, acceptance: Acceptance, origin: &Origin) -> Result<Login> {
    let (row, before, credentials) = one_time::shown(ctx, Purpose::Invite, &acceptance.token).await?;
    if row.used || before.role != Role::Invited {
        return Err(one_time::wrong_token(Purpose::Invite));
    }
    if before.email != acceptance.email {
        return Err(Error::invalid("email_mismatch", "The invitation was sent to another address."));
    }
    password::check(&acceptance.password, &[acceptance.name.as_str(), acceptance.email.as_str()])?;
    let hash = password::hash(&acceptance.password, &*ctx.random).await?;
    let caregiver = Caregiver {
        name: acceptance.name.into(),
        phone: Some(acceptance.phone),
        phone_verified: false,
        role: Role::Staff,
        email_verified: true,
        ..before
    };
    let actor = Actor::Account { id: caregiver.id };
    let record = audit::of(ctx, actor, Some(caregiver.org), origin, Action::InviteAccepted, Subject::Caregiver);
    let writes = vec![
        Tokens::spend(&row),
        Tokens::drop_all(caregiver.id, Purpose::Invite),
        Caregivers::join(&caregiver, &hash, ctx.now()),
        audit::note(&record.about([caregiver.id]))?,
    ];
    begin(ctx, caregiver, &credentials, origin, writes).await
}
