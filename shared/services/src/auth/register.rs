//! A new organisation with its first administrator.

use domain::audit::{Action, Actor, Subject};
use domain::caregivers::{Caregiver, Credentials, Name, Theme};
use domain::mails::AccountMail;
use domain::orgs::{CallRetries, Org};
use domain::tokens::Purpose;
use domain::{CaregiverId, Email, Language, OrgId, Origin, Phone, Result, Role, Secret};
use store::Write;
use store::mongo::{Caregivers, Orgs};

use super::{guard, one_time, password};
use crate::caregivers::lapse;
use crate::mails::Letter;
use crate::{AccountCtx, audit};

/// The zone of an organisation that did not say: the existing app's.
const ZONE: &str = "America/New_York";

/// Who registers.
#[derive(Debug)]
pub struct NewOrg {
    /// The person's name, and at first the organisation's.
    pub name: Name,
    /// How they will sign in.
    pub email: Email,
    /// Where they are telephoned.
    pub phone: Phone,
    /// Their password.
    pub password: Secret,
    /// The language they read.
    pub language: Language,
}

/// Registers an organisation and its administrator, who must verify the address before they can
/// sign in. When the address has an account nothing is registered and its owner is told: the
/// answer does not tell a stranger who has an account.
///
/// # Errors
/// `validation_failed` for a weak password.
pub async fn register(ctx: &AccountCtx, new: NewOrg, origin: &Origin) -> Result<Caregiver> {
    password::check(&new.password, &[new.name.as_str(), new.email.as_str()])?;
    guard::alike(checked(ctx, new, origin)).await
}

async fn checked(ctx: &AccountCtx, new: NewOrg, origin: &Origin) -> Result<Caregiver> {
    let hash = password::hash(&new.password, &*ctx.random).await?;
    let org = first_org(ctx, new.name.as_str().to_owned(), &new.email, Some(new.phone));
    let caregiver = Caregiver { language: new.language, ..first_admin(ctx, &org, new.name, new.email) };
    let credentials =
        Credentials { password_hash: Some(hash), places: vec![guard::place(ctx, origin)], ..Credentials::default() };
    let (token, add, _) = one_time::issue(ctx, Purpose::VerifyEmail, Some(caregiver.id))?;
    let letter = Letter::to(ctx, &caregiver, AccountMail::Verify, Some(token), origin)?;
    let mut writes = founding(ctx, &org, &caregiver, &credentials, origin)?;
    writes.push(add);
    writes.extend(letter.writes());
    let mut done = ctx.store.commit(writes.clone()).await;
    if is_taken(&done)
        && let Some((owner, _)) = ctx.store.caregivers().by_email(&caregiver.email).await?
    {
        if !lapse(ctx, &owner).await? {
            tell(ctx, &owner, origin).await?;
            return Ok(caregiver);
        }
        done = ctx.store.commit(writes).await;
    }
    match done {
        Ok(()) => letter.post(ctx).await,
        // Whoever had the address gave it up in this moment, or somebody else was faster with it.
        Err(_) if is_taken(&done) => {}
        Err(error) => return Err(error),
    }
    Ok(caregiver)
}

fn is_taken(done: &Result<()>) -> bool {
    matches!(done, Err(error) if error.code == "email_taken")
}

/// A new organisation.
pub(crate) fn first_org(ctx: &AccountCtx, name: String, email: &Email, phone: Option<Phone>) -> Org {
    let now = ctx.now();
    Org {
        id: OrgId::generate(now, &*ctx.random),
        name,
        email: email.clone(),
        phone,
        zone: ZONE.parse().expect("a zone of the tz database"),
        retries: CallRetries::default(),
        ladder: domain::alerts::Ladder::default(),
        rules: domain::orgs::CallRules::default(),
        logo: None,
        created_at: now,
    }
}

/// The administrator of a new organisation, reached where it is reached; nothing is verified yet.
pub(crate) fn first_admin(ctx: &AccountCtx, org: &Org, name: Name, email: Email) -> Caregiver {
    let now = ctx.now();
    Caregiver {
        id: CaregiverId::generate(now, &*ctx.random),
        org: org.id,
        name: name.into(),
        email,
        phone: org.phone.clone(),
        role: Role::OrgAdmin,
        email_verified: false,
        phone_verified: false,
        locked: false,
        mfa_enabled: false,
        epoch: 0,
        language: Language::default(),
        theme: Theme::default(),
        alerts: domain::caregivers::Preferences::default(),
        picture: None,
        created_at: now,
    }
}

/// The writes that make an organisation and its administrator; `email_taken` undoes them.
pub(crate) fn founding(
    ctx: &AccountCtx,
    org: &Org,
    caregiver: &Caregiver,
    credentials: &Credentials,
    origin: &Origin,
) -> Result<Vec<Write>> {
    let actor = Actor::Account { id: caregiver.id };
    let record = audit::of(ctx, actor, Some(org.id), origin, Action::Registered, Subject::Org).about([org.id]);
    Ok(vec![Orgs::add(org)?, Caregivers::add(caregiver, credentials)?, audit::note(&record)?])
}

/// Tells whoever has the address that somebody registered with it: most likely they themselves, who forgot their
/// account, or did not see the invitation that waits for them, which is mailed again.
async fn tell(ctx: &AccountCtx, owner: &Caregiver, origin: &Origin) -> Result<()> {
    let (kind, token) = if owner.role == Role::Invited {
        // The same token: a stranger must not make an invitation last longer.
        let open = ctx.store.tokens().open(owner.id, Purpose::Invite, ctx.now()).await?;
        let Some(token) = open else { return Ok(()) };
        (AccountMail::Invite, Some(token.id))
    } else {
        (AccountMail::EmailTaken, None)
    };
    if !guard::may_mail(ctx, owner.email.as_str(), kind).await? {
        return Ok(());
    }
    let letter = Letter::to(ctx, owner, kind, token, origin)?;
    ctx.store.commit(letter.writes()).await?;
    letter.post(ctx).await;
    Ok(())
}
