//! Signing in.

use domain::caregivers::Caregiver;
use domain::orgs::Org;
use domain::patients::Patient;
use domain::policy::{self, Action, Resource};
use domain::sessions::Session;
use domain::{Caller, CaregiverId, Email, Error, PatientId, Result, Role, Secret, SessionId};
use store::mongo::Sessions;

use super::{TokenPair, issue, password};
use crate::{Ctx, Front};

/// Patients that a sign-in carries home; who has more sees the rest page by page.
const CARRIED: u32 = 500;

/// What a sign-in carries home.
#[derive(Clone, Debug)]
pub struct Login {
    /// The caregiver's organisation.
    pub org: Org,
    /// Who else works there.
    pub colleagues: Vec<CaregiverId>,
    /// Who signed in.
    pub caregiver: Caregiver,
    /// The patients they may see, oldest first.
    pub patients: Vec<Patient>,
    /// Those of them that are assigned to the caregiver.
    pub assigned: Vec<PatientId>,
    /// The tokens.
    pub tokens: TokenPair,
}

/// Signs a caregiver in.
///
/// # Errors
/// `credentials_wrong` alike for an unknown address and a wrong password; `account_locked` and
/// `email_not_verified` only to whoever knew the password.
pub async fn login(ctx: &Front<Ctx>, email: &str, password: &Secret) -> Result<Login> {
    let found = match email.parse::<Email>() {
        Ok(email) => ctx.store.caregivers().by_email(&email).await?,
        Err(_) => None,
    };
    let hash = found.as_ref().and_then(|caregiver| caregiver.password_hash.as_ref());
    let right = password::verify(password, hash).await?;
    let wrong = || Error::unauthenticated("credentials_wrong", "Incorrect email or password");
    let caregiver = found.filter(|caregiver| right && caregiver.role != Role::Invited).ok_or_else(wrong)?;
    if caregiver.locked {
        return Err(Error::forbidden("account_locked", "This account is locked. Please ask your administrator."));
    }
    if !caregiver.email_verified {
        let message = "Please verify your email before logging in.";
        return Err(Error::forbidden("email_not_verified", message));
    }
    let now = ctx.now();
    let id = SessionId::generate(now, &*ctx.random);
    let (tokens, current) = issue(ctx, id, caregiver.id, now)?;
    let session = Session::begin(id, &caregiver, current, now);
    let caller = Caller { caregiver: caregiver.id, org: caregiver.org, role: caregiver.role, session: id };
    let org = ctx.store.orgs().find(&policy::grant(&caller, Action::Read, Resource::Org)?, caregiver.org).await?;
    let org = org.ok_or_else(|| Error::forbidden("org_gone", "Your organisation no longer exists."))?;
    let colleagues = ctx.store.caregivers().ids_of(org.id).await?;
    let scope = policy::grant(&caller, Action::Read, Resource::Patient)?;
    let patients = ctx.store.patients().all(&scope, CARRIED).await?;
    let own = |patient: &&Patient| patient.caregivers.contains(&caregiver.id);
    let assigned = patients.iter().filter(own).map(|patient| patient.id).collect();
    ctx.store.commit([Sessions::begin(&session)?]).await?;
    Ok(Login { org, colleagues, caregiver, patients, assigned, tokens })
}
