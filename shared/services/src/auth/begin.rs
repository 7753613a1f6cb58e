//! What every way of signing in ends with.

use domain::audit::{Action, Actor, Subject};
use domain::caregivers::{Caregiver, Credentials};
use domain::mails::AccountMail;
use domain::orgs::Org;
use domain::patients::Patient;
use domain::policy::{self, Resource};
use domain::schedules::Schedule;
use domain::sessions::Session;
use domain::{Caller, CaregiverId, Error, Origin, PatientId, Result, SessionId};
use store::Write;
use store::mongo::{Caregivers, Sessions};

use super::{TokenPair, guard, issue};
use crate::alerts::{self, Shown};
use crate::mails::Letter;
use crate::mfa::codes;
use crate::{AccountCtx, Front, audit, schedules};

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
    /// When these patients are telephoned.
    pub schedules: Vec<Schedule>,
    /// The alerts they may see that somebody still has to see to.
    pub alerts: Vec<Shown>,
    /// Those of them that are assigned to the caregiver.
    pub assigned: Vec<PatientId>,
    /// The tokens.
    pub tokens: TokenPair,
}

/// Begins a sign-in of an account that was opened. `writes` are committed with it, or undo it.
///
/// # Errors
/// `account_locked`, `email_not_verified`, `org_gone`; what a write at fault says.
pub(crate) async fn begin(
    ctx: &Front<AccountCtx>,
    caregiver: Caregiver,
    credentials: &Credentials,
    origin: &Origin,
    writes: Vec<Write>,
) -> Result<Login> {
    admit(ctx, &caregiver, origin).await?;
    let caller = caller(ctx, &caregiver, origin);
    let own = policy::grant(&caller, policy::Action::Read, Resource::Org)?;
    let org = ctx.store.orgs().find(&own, caregiver.org).await?;
    let org = org.ok_or_else(|| Error::forbidden("org_gone", "Your organisation no longer exists."))?;
    let colleagues = ctx.store.caregivers().ids_of(org.id).await?;
    let scope = policy::grant(&caller, policy::Action::Read, Resource::Patient)?;
    let patients = ctx.store.patients().all(&scope, CARRIED).await?;
    let schedules = schedules::beside(ctx, &patients).await?;
    let alerts = alerts::found(ctx, &caller, false).await?;
    let home = Home { org, colleagues, patients, schedules, alerts };
    sign_in(ctx, &caller, caregiver, credentials, home, writes).await
}

/// Begins the first sign-in of an organisation that `writes` make.
///
/// # Errors
/// What a write at fault says.
pub(crate) async fn begin_first(
    ctx: &Front<AccountCtx>,
    org: Org,
    caregiver: Caregiver,
    credentials: &Credentials,
    origin: &Origin,
    writes: Vec<Write>,
) -> Result<Login> {
    let caller = caller(ctx, &caregiver, origin);
    let colleagues = vec![caregiver.id];
    let home = Home { org, colleagues, patients: Vec::new(), schedules: Vec::new(), alerts: Vec::new() };
    sign_in(ctx, &caller, caregiver, credentials, home, writes).await
}

/// What somebody finds when they come in.
struct Home {
    org: Org,
    colleagues: Vec<CaregiverId>,
    patients: Vec<Patient>,
    schedules: Vec<Schedule>,
    alerts: Vec<Shown>,
}

/// The caregiver by a sign-in that is about to begin.
fn caller(ctx: &AccountCtx, caregiver: &Caregiver, origin: &Origin) -> Caller {
    let session = SessionId::generate(ctx.now(), &*ctx.random);
    Caller { caregiver: caregiver.id, org: caregiver.org, role: caregiver.role, session, origin: origin.clone() }
}

async fn sign_in(
    ctx: &Front<AccountCtx>,
    caller: &Caller,
    caregiver: Caregiver,
    credentials: &Credentials,
    home: Home,
    writes: Vec<Write>,
) -> Result<Login> {
    let Home { org, colleagues, patients, schedules, alerts } = home;
    let (now, id) = (ctx.now(), caller.session);
    let (tokens, current) = issue(ctx, id, caregiver.id, now)?;
    let session = Session::begin(id, &caregiver, current, now);
    let own = |patient: &&Patient| patient.caregivers.contains(&caregiver.id);
    let assigned = patients.iter().filter(own).map(|patient| patient.id).collect();

    let mut commit = writes;
    let actor = Actor::Account { id: caregiver.id };
    let record = audit::of(ctx, actor, Some(org.id), &caller.origin, Action::Login, Subject::Session).about([id]);
    commit.extend([Sessions::begin(&session)?, audit::note(&record)?]);
    if !patients.is_empty() {
        let ids: Vec<_> = patients.iter().map(|patient| patient.id.to_string()).collect();
        commit.extend(audit::seen(ctx, caller, Subject::Patient, org.id, &ids)?);
    }
    let place = guard::place(ctx, &caller.origin);
    // The first place is where the account was made, or its password was set.
    let news = !credentials.places.is_empty() && !credentials.places.contains(&place);
    if let Some(places) = credentials.seen_at(place) {
        commit.push(Caregivers::set_places(&caregiver, &places));
    }
    let letter = if news {
        let letter = Letter::to(ctx, &caregiver, AccountMail::NewSignIn, None, &caller.origin)?;
        commit.extend(letter.writes());
        Some(letter)
    } else {
        None
    };
    if let Err(error) = ctx.store.commit(commit).await {
        // Of two who showed the same code at the same time this is the second.
        if error.code == codes::WRONG {
            let actor = Actor::Account { id: caregiver.id };
            let action = Action::MfaVerificationFailed;
            let record = audit::of(ctx, actor, Some(org.id), &caller.origin, action, Subject::Session);
            audit::noted(ctx, &record.refused(error.code)).await?;
        }
        return Err(error);
    }
    if let Some(letter) = letter {
        letter.post(ctx).await;
    }
    Ok(Login { org, colleagues, caregiver, patients, schedules, alerts, assigned, tokens })
}

/// Whether an account may be signed in to; told only to whoever proved that it is theirs. A refusal
/// is noted.
///
/// # Errors
/// `account_locked`, `email_not_verified`.
pub(crate) async fn admit(ctx: &AccountCtx, caregiver: &Caregiver, origin: &Origin) -> Result<()> {
    let Err(error) = may_enter(caregiver) else { return Ok(()) };
    let actor = Actor::Account { id: caregiver.id };
    let record = audit::of(ctx, actor, Some(caregiver.org), origin, Action::LoginFailed, Subject::Session);
    audit::noted(ctx, &record.refused(error.code)).await?;
    Err(error)
}

/// Whether an account may be signed in to; told only to whoever proved that it is theirs.
fn may_enter(caregiver: &Caregiver) -> Result<()> {
    if caregiver.locked {
        return Err(Error::forbidden("account_locked", "This account is locked. Please ask your administrator."));
    }
    if !caregiver.email_verified {
        let message = "Please verify your email before logging in. We can send you the link again.";
        return Err(Error::forbidden("email_not_verified", message));
    }
    Ok(())
}
