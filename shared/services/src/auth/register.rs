//! A new organisation with its first administrator.

use domain::audit::{Action, Actor, Subject};
use domain::caregivers::{Caregiver, Credentials, Name, Theme};
use domain::mails::AccountMail;
use domain::orgs::{CallRetries, Org};
use domain::tokens::Purpose;
use domain::{CaregiverId, Email, Language, OrgId, Origin, Phone, Result, Role, Secret};
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
    let now = ctx.now();
    let hash = password::hash(&new.password, &*ctx.random).await?;
    let org = Org {
        id: OrgId::generate(now, &*ctx.random),
        name: new.name.as_str().to_owned(),
        email: new.email.clone(),
        phone: Some(new.phone.clone()),
        zone: ZONE.parse().expect("a zone of the tz database"),
        retries: CallRetries::default(),
        logo: None,
        created_at: now,
    };
    let caregiver = Caregiver {
        id: CaregiverId::generate(now, &*ctx.random),
        org: org.id,
        name: new.name.into(),
        email: new.email,
        phone: Some(new.phone),
        role: Role::OrgAdmin,
        email_verified: false,
        phone_verified: false,
        locked: false,
        mfa_enabled: false,
        epoch: 0,
        language: new.language,
        theme: Theme::default(),
        picture: None,
        created_at: now,
    };
    let credentials =
        Credentials { password_hash: Some(hash), places: vec![guard::place(ctx, origin)], ..Credentials::default() };
    let (token, add, _) = one_time::issue(ctx, Purpose::VerifyEmail, Some(caregiver.id))?;
    let letter = Letter::to(ctx, &caregiver, AccountMail::Verify, Some(token), origin)?;
    let actor = Actor::Account { id: caregiver.id };
    let record = audit::of(ctx, actor, Some(org.id), origin, Action::Registered, Subject::Org).about([org.id]);
    let mut writes = vec![Orgs::add(&org)?, Caregivers::add(&caregiver, &credentials)?, add, audit::note(&record)?];
    writes.extend(letter.writes());
    match ctx.store.commit(writes).await {
        Ok(()) => letter.post(ctx).await,
        Err(error) if error.code == "email_taken" => tell_owner(ctx, &caregiver.email, origin).await?,
        Err(error) => return Err(error),
    }
    Ok(caregiver)
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
