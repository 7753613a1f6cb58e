//! Going through calls, page after page.

use std::collections::HashMap;

use domain::audit::Subject;
use domain::calls::{Call, Stage};
use domain::caregivers::Caregiver;
use domain::cursor::InTime;
use domain::patients::Patient;
use domain::policy::{self, Action, Resource};
use domain::{Caller, CaregiverId, CursorPage, CursorRequest, Error, OrgId, PatientId, Result, Scope};
use jiff::Timestamp;
use store::mongo::Whose;

use crate::audit::look_through;
use crate::within::within;
use crate::{CallCtx, Ctx};

/// Which calls are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Of which organisation; the caller's own when not said.
    pub org: Option<OrgId>,
    /// Of which patient; everybody's when not said.
    pub patient: Option<PatientId>,
    /// How far they have come.
    pub stage: Stage,
}

/// A call of a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The call.
    pub call: Call,
    /// Its patient.
    pub patient: Patient,
    /// Who asked for it.
    pub agent: Option<Caregiver>,
    /// When this was looked at.
    pub at: Timestamp,
}

/// Calls of the patients the caller may see, newest first: those that run and those that are over.
///
/// # Errors
/// `role_not_allowed`; `org_not_found` and `patient_not_found` outside the caller's scope.
pub async fn walk(
    ctx: &CallCtx,
    caller: &Caller,
    wanted: Wanted,
    request: &CursorRequest<InTime>,
) -> Result<CursorPage<Listed>> {
    let seen = |page: &CursorPage<Listed>| page.results.iter().map(|row| (row.call.org, row.call.id)).collect();
    let of = wanted.patient.map_or_else(|| "list".to_owned(), |patient| patient.to_string());
    look_through(ctx, caller, Subject::Call, of, Box::pin(found(ctx, caller, wanted, request)), seen).await
}

async fn found(
    ctx: &Ctx,
    caller: &Caller,
    wanted: Wanted,
    request: &CursorRequest<InTime>,
) -> Result<CursorPage<Listed>> {
    let scope = policy::grant(caller, Action::Read, Resource::Call)?;
    let scope = within(ctx, caller, &scope, wanted.org).await?;
    let patients = match wanted.patient {
        Some(patient) => Some(vec![known(ctx, &scope, patient).await?]),
        None => ctx.store.patients().assigned(&scope).await?,
    };
    let whose = patients.as_deref().map_or(Whose::All, Whose::Patients);
    let page = ctx.store.calls().walk(&scope, whose, wanted.stage, request).await?;
    with_people(ctx, caller, &scope, page).await
}

/// As with a single call, whoever sees its patient sees it, also after the patient was removed.
async fn known(ctx: &Ctx, scope: &Scope, patient: PatientId) -> Result<PatientId> {
    let found = ctx.store.patients().find_even_removed(scope, patient).await?;
    found.map(|patient| patient.id).ok_or_else(|| Error::not_found("patient_not_found", "There is no such patient."))
}

async fn with_people(ctx: &Ctx, caller: &Caller, scope: &Scope, page: CursorPage<Call>) -> Result<CursorPage<Listed>> {
    let colleagues = policy::grant(caller, Action::Read, Resource::Caregiver)?;
    let patients: Vec<PatientId> = distinct(page.results.iter().map(|call| call.patient));
    let agents: Vec<CaregiverId> = distinct(page.results.iter().filter_map(|call| call.agent));
    let patients = ctx.store.patients().among(scope, &patients).await?;
    let patients: HashMap<_, _> = patients.into_iter().map(|patient| (patient.id, patient)).collect();
    let agents = ctx.store.caregivers().among(&colleagues, &agents).await?;
    let agents: HashMap<_, _> = agents.into_iter().map(|agent| (agent.id, agent)).collect();
    let at = ctx.now();
    Ok(page.filter_map(|call| {
        let patient = patients.get(&call.patient)?.clone();
        let agent = call.agent.and_then(|agent| agents.get(&agent).cloned());
        Some(Listed { call, patient, agent, at })
    }))
}

fn distinct<T: Ord>(ids: impl Iterator<Item = T>) -> Vec<T> {
    let mut ids: Vec<T> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
