//! Looking at alerts.

use std::collections::HashMap;

use domain::alerts::{Alert, Audience};
use domain::audit::Subject;
use domain::patients::Patient;
use domain::policy::{self, Action, Resource};
use domain::{AlertId, Caller, Error, PatientId, Result, Role, Scope};
use store::mongo::Reader;

use crate::{Ctx, audit};

/// Alerts that a list holds of each kind of reason why they are seen, the newest ones.
const MOST: u32 = 200;

/// An alert and whom it is about, as far as the caller may know.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The alert.
    pub alert: Alert,
    /// Whom it is about.
    pub patient: Option<Patient>,
}

/// The alerts the caller may see, newest first: those that somebody still has to see to, or with `closed` also the others.
///
/// # Errors
/// `role_not_allowed`.
pub async fn list(ctx: &Ctx, caller: &Caller, closed: bool) -> Result<Vec<Shown>> {
    let seen = |shown: &Vec<Shown>| shown.iter().map(|shown| (caller.org, shown.alert.id)).collect();
    audit::look_through(ctx, caller, Subject::Alert, "list", found(ctx, caller, closed), seen).await
}

/// The same, without a note of it.
pub(crate) async fn found(ctx: &Ctx, caller: &Caller, closed: bool) -> Result<Vec<Shown>> {
    let scope = policy::grant(caller, Action::Read, Resource::Alert)?;
    let assigned = ctx.store.patients().assigned(&scope).await?;
    let seen = assigned.as_ref().map_or(Reader::All, |patients| Reader::By(caller.caregiver, patients));
    let mut found = ctx.store.alerts().list(caller.org, seen, !closed, MOST).await?;
    let now = ctx.now();
    found.retain(|alert| is_meant_for(caller, alert) && (closed || alert.is_open(now)));
    let mut ids: Vec<PatientId> = found.iter().filter_map(|alert| alert.content.patient).collect();
    ids.sort_unstable();
    ids.dedup();
    let patients = ctx.store.patients().among(&scope, &ids).await?;
    let patients: HashMap<PatientId, Patient> = patients.into_iter().map(|patient| (patient.id, patient)).collect();
    let shown = |alert: Alert| {
        let patient = alert.content.patient.and_then(|id| patients.get(&id).cloned());
        Shown { alert, patient }
    };
    Ok(found.into_iter().map(shown).collect())
}

/// One alert.
///
/// # Errors
/// `alert_not_found` when the caller may not see it.
pub async fn get(ctx: &Ctx, caller: &Caller, id: AlertId) -> Result<Shown> {
    let work = async {
        let scope = policy::grant(caller, Action::Read, Resource::Alert)?;
        let shown = visible(ctx, caller, &scope, id).await?;
        Ok((shown.alert.content.org, shown))
    };
    audit::look_often(ctx, caller, Subject::Alert, id, work).await
}

/// The alert, or `alert_not_found`: what the caller may not see does not exist.
pub(super) async fn visible(ctx: &Ctx, caller: &Caller, scope: &Scope, id: AlertId) -> Result<Shown> {
    let missing = || Error::not_found("alert_not_found", "There is no such alert.");
    let alert = ctx.store.alerts().find(scope, id).await?.ok_or_else(missing)?;
    let patient = match alert.content.patient {
        Some(patient) => ctx.store.patients().find_even_removed(scope, patient).await?,
        None => None,
    };
    let theirs = caller.role != Role::Staff || patient.is_some();
    let written = alert.content.written.as_ref();
    let for_all = written
        .is_some_and(|written| written.author == caller.caregiver || written.audience == Audience::AllCaregivers);
    if is_meant_for(caller, &alert) && (theirs || for_all) { Ok(Shown { alert, patient }) } else { Err(missing()) }
}

/// Whether what somebody wrote is for the caller, if they may know of whom it is about.
fn is_meant_for(caller: &Caller, alert: &Alert) -> bool {
    alert.content.written.as_ref().is_none_or(|written| {
        let for_admins = written.audience == Audience::OrgAdmin && written.author != caller.caregiver;
        caller.role != Role::Staff || !for_admins
    })
}
