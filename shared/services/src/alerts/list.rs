//! Looking at alerts.

use std::collections::HashMap;

use domain::alerts::{Alert, Audience, Rung};
use domain::audit::Subject;
use domain::patients::Patient;
use domain::policy::{self, Action, Resource};
use domain::{AlertId, Caller, Error, OrgId, PatientId, Result, Role, Scope};
use store::mongo::Reader;

use crate::{Ctx, audit};

/// Alerts that somebody still has to see to, of each kind of reason why they are seen: more than anybody can read, so that
/// none is ever missing.
const MOST_OPEN: u32 = 2_000;
/// The same of the others, the newest ones.
const MOST_CLOSED: u32 = 200;

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
    let mut found = ctx.store.alerts().list(caller.org, seen, true, MOST_OPEN).await?;
    if closed {
        found.extend(ctx.store.alerts().list(caller.org, seen, false, MOST_CLOSED).await?);
        found.sort_by_key(|alert| std::cmp::Reverse((alert.raised_at, alert.id)));
        found.dedup_by_key(|alert| alert.id);
    }
    let now = ctx.now();
    let theirs = |alert: &Alert| {
        let assigned = assigned.as_ref().is_none_or(|all| alert.content.patient.is_some_and(|one| all.contains(&one)));
        assigned || is_told(caller, alert) || is_for_all(caller, alert)
    };
    found.retain(|alert| theirs(alert) && is_meant_for(caller, alert) && (closed || alert.is_open(now)));
    let mut patients = HashMap::new();
    for (told, scope) in [(false, scope), (true, whole(caller)?)] {
        let whose = found.iter().filter(|alert| is_told(caller, alert) == told);
        let mut ids: Vec<PatientId> = whose.filter_map(|alert| alert.content.patient).collect();
        ids.sort_unstable();
        ids.dedup();
        if !ids.is_empty() {
            let some = ctx.store.patients().among(&scope, &ids).await?;
            patients.extend(some.into_iter().map(|patient| (patient.id, patient)));
        }
    }
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
    audit::look_often(ctx, caller, Subject::Alert, id, one(ctx, caller, id)).await
}

/// One alert, for who watches without having asked for this one: that it is not theirs leaves no trace.
///
/// # Errors
/// `alert_not_found` when the caller may not see it.
pub async fn shown(ctx: &Ctx, caller: &Caller, id: AlertId) -> Result<Shown> {
    audit::show(ctx, caller, Subject::Alert, id, one(ctx, caller, id)).await
}

async fn one(ctx: &Ctx, caller: &Caller, id: AlertId) -> Result<(OrgId, Shown)> {
    let scope = policy::grant(caller, Action::Read, Resource::Alert)?;
    let shown = visible(ctx, caller, &scope, id).await?;
    Ok((shown.alert.content.org, shown))
}

/// The alert, or `alert_not_found`: what the caller may not see does not exist.
pub(super) async fn visible(ctx: &Ctx, caller: &Caller, scope: &Scope, id: AlertId) -> Result<Shown> {
    let missing = || Error::not_found("alert_not_found", "There is no such alert.");
    let alert = ctx.store.alerts().find(scope, id).await?.ok_or_else(missing)?;
    let patient = match alert.content.patient {
        Some(patient) if is_told(caller, &alert) => {
            ctx.store.patients().find_even_removed(&whole(caller)?, patient).await?
        }
        Some(patient) => ctx.store.patients().find_even_removed(scope, patient).await?,
        None => None,
    };
    let theirs = caller.role != Role::Staff || patient.is_some() || is_for_all(caller, &alert);
    if is_meant_for(caller, &alert) && theirs { Ok(Shown { alert, patient }) } else { Err(missing()) }
}

/// Whether the caller was told of it because nobody who cares for the patient saw to it: then it is theirs to see to, and
/// they know the patient's name from the message.
fn is_told(caller: &Caller, alert: &Alert) -> bool {
    alert.rung >= Rung::OnCall && alert.concerns(caller.caregiver)
}

/// The caller's whole organisation, for the patients of whom they were told.
fn whole(caller: &Caller) -> Result<Scope> {
    let scope = policy::system("show an alert to whom it was told").narrowed(caller.org);
    scope.ok_or_else(|| Error::internal("everything lies in this scope"))
}

/// Whether somebody wrote it for every caregiver, or the caller wrote it.
fn is_for_all(caller: &Caller, alert: &Alert) -> bool {
    let is = |audience, author| author == caller.caregiver || audience == Audience::AllCaregivers;
    alert.content.written.as_ref().is_some_and(|written| is(written.audience, written.author))
}

/// Whether what somebody wrote is for the caller, if they may know of whom it is about.
fn is_meant_for(caller: &Caller, alert: &Alert) -> bool {
    alert.content.written.as_ref().is_none_or(|written| {
        let for_admins = written.audience == Audience::OrgAdmin && written.author != caller.caregiver;
        caller.role != Role::Staff || !for_admins
    })
}
