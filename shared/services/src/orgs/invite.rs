//! Inviting somebody to an organisation.

use domain::audit::{self, Subject};
use domain::caregivers::{Caregiver, Credentials, Name, Theme};
use domain::mails::AccountMail;
use domain::policy::{self, Action, Resource};
use domain::tokens::Purpose;
use domain::{Caller, CaregiverId, Email, Error, OrgId, Phone, Result, Role};
use futures_util::FutureExt as _;
use store::Write;
use store::mongo::{Caregivers, Tokens};

use super::{inside, visible};
use crate::again::insist;
use crate::auth::{guard, one_time};
use crate::caregivers::lapse;
use crate::mails::Letter;
use crate::{AccountCtx, audit as trail};

/// Who is invited.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Their name.
    pub name: Name,
    /// Where the invitation goes, and how they will sign in.
    pub email: Email,
    /// Where they are telephoned.
    pub phone: Option<Phone>,
}

/// Invites somebody, or invites them again: the new invitation is mailed and the ones before end.
/// The token is in the mail and nowhere else.
///
/// # Errors
/// `org_not_found` outside the caller's scope; `caregiver_exists` when the address has an account
/// that is no pending invitation of this organisation; `too_many_attempts` when the address got
/// too many mails.
pub async fn invite(ctx: &AccountCtx, caller: &Caller, org: OrgId, invitation: Invitation) -> Result<Caregiver> {
    let work = async {
        let scope = policy::grant(caller, Action::Create, Resource::Invitation)?;
        let scope = inside(ctx, &scope, org).await?;
        guard::mail(ctx, invitation.email.as_str(), AccountMail::Invite).await?;
        let (invited, letter) = match insist(|| once(ctx, caller, org, &invitation)).await {
            Err(error) if error.code == "email_taken" => return Err(exists()),
            other => other?,
        };
        if let Err(gone) = visible(ctx, &scope, org).await {
            // Removed in the same moment, together with everybody who was seen.
            ctx.store.commit([Caregivers::remove_all(org, &[invited.id], ctx.now())]).await?;
            return Err(gone);
        }
        letter.post(ctx).await;
        Ok(invited)
    };
    // In a box, or the handler's future would hold all of it.
    trail::watch(ctx, caller, audit::Action::Invited, Subject::Org, org, work.boxed()).await
}

async fn once(ctx: &AccountCtx, caller: &Caller, org: OrgId, invitation: &Invitation) -> Result<(Caregiver, Letter)> {
    let now = ctx.now();
    let (invited, mut writes) = match ctx.store.caregivers().by_email(&invitation.email).await? {
        None => {
            let invited = new(ctx, caller, org, invitation).await?;
            let add = Caregivers::add(&invited, &Credentials::default())?;
            (invited, vec![add])
        }
        Some((before, _)) if before.org == org && before.role == Role::Invited => {
            let name = invitation.name.as_str().to_owned();
            let phone = invitation.phone.clone().or_else(|| before.phone.clone());
            let after = Caregiver { name, phone, ..before.clone() };
            let again = Caregivers::invite_again(&before, &after, now)?;
            (after, vec![again])
        }
        Some((other, _)) if lapse(ctx, &other).await? => return Err(taken()),
        Some(_) => return Err(exists()),
    };
    let record = trail::by(ctx, caller, audit::Action::Invited, Subject::Caregiver).about([invited.id]).within(org);
    let (more, letter) = ask(ctx, caller, &invited)?;
    writes.extend(more);
    writes.push(trail::note(&record)?);
    ctx.store.commit(writes).await?;
    Ok((invited, letter))
}

/// The writes that mail an invitation, and the mail to post after them. Older ones end.
pub(crate) fn ask(ctx: &AccountCtx, caller: &Caller, invited: &Caregiver) -> Result<(Vec<Write>, Letter)> {
    let (token, add, _) = one_time::issue(ctx, Purpose::Invite, Some(invited.id))?;
    let letter = Letter::to(ctx, invited, AccountMail::Invite, Some(token), &caller.origin)?;
    let mut writes = vec![Tokens::drop_all(invited.id, Purpose::Invite), add];
    writes.extend(letter.writes());
    Ok((writes, letter))
}

async fn new(ctx: &AccountCtx, caller: &Caller, org: OrgId, invitation: &Invitation) -> Result<Caregiver> {
    let now = ctx.now();
    // Nobody knows what they read; most likely what whoever invites them does.
    let system = policy::system("write an invitation");
    let inviter = ctx.store.caregivers().find(&system, caller.caregiver).await?;
    Ok(Caregiver {
        id: CaregiverId::generate(now, &*ctx.random),
        org,
        name: invitation.name.as_str().to_owned(),
        email: invitation.email.clone(),
        phone: invitation.phone.clone(),
        role: Role::Invited,
        email_verified: false,
        phone_verified: false,
        locked: false,
        mfa_enabled: false,
        epoch: 0,
        language: inviter.map(|inviter| inviter.language).unwrap_or_default(),
        theme: Theme::default(),
        alerts: domain::caregivers::Preferences::default(),
        picture: None,
        created_at: now,
    })
}

/// The address is free by now: [`insist`] looks again.
fn taken() -> Error {
    Error::conflict("email_taken", "The address was just used by somebody else.")
}

fn exists() -> Error {
    Error::conflict("caregiver_exists", "Caregiver already exists")
}
