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
    match ctx.store.commit(writes).await {
        Ok(()) => letter.post(ctx).await,
        Err(error) if error.code == "email_taken" => tell_owner(ctx, &caregiver.email, origin).await?,
        Err(error) => return Err(error),
    }
    Ok(caregiver)
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

async fn tell_owner(ctx: &AccountCtx, email: &Email, origin: &Origin) -> Result<()> {
    let Some((owner, _)) = ctx.store.caregivers().by_email(email).await? else { return Ok(()) };
    if owner.role == Role::Invited || !guard::may_mail(ctx, email.as_str()).await? {
        return Ok(());
    }
    let letter = Letter::to(ctx, &owner, AccountMail::EmailTaken, None, origin)?;
    ctx.store.commit(letter.writes()).await?;
    letter.post(ctx).await;
    Ok(())
}
