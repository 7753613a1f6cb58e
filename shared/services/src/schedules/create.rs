//! Adding a schedule.

use domain::audit::{self, Subject};
use domain::patients::Patient;
use domain::policy::{self, Action, Resource};
use domain::schedules::{Pause, Plan, Rule, Schedule, TimeOfDay, next_occurrence};
use domain::{Caller, Error, PatientId, Result, ScheduleId, Scope, Zone};
use jiff::civil::Date;
use store::Write;
use store::mongo::Schedules;

use super::relocate::kept_up;
use super::zone_of;
use crate::audit::{by, note, watch};
use crate::{Ctx, patients};

/// Schedules that a patient can have.
const MOST: usize = 20;

/// A schedule to be added.
#[derive(Clone, Debug)]
pub struct New {
    /// On which days.
    pub rule: Rule,
    /// When on these days.
    pub at: TimeOfDay,
    /// Whose clock; the organisation's, when it is left out.
    pub zone: Option<Zone>,
    /// The first day; today, when it is left out.
    pub anchor: Option<Date>,
    /// Whether anybody is called.
    pub active: bool,
    /// Days without a call.
    pub exceptions: Vec<Date>,
    /// Spans without a call.
    pub pauses: Vec<Pause>,
}

/// Adds a schedule to a patient.
///
/// # Errors
/// `patient_not_found` outside the caller's scope; `too_many_schedules`; as [`Plan::check`].
pub async fn create(ctx: &Ctx, caller: &Caller, patient: PatientId, new: New) -> Result<Schedule> {
    let work = async {
        let scope = policy::grant(caller, Action::Update, Resource::Patient)?;
        let patient = patients::visible(ctx, &scope, patient).await?;
        check_room(ctx, &scope, patient.id).await?;
        let schedule = one(ctx, &patient, &zone_of(ctx, patient.org).await?, new)?;
        ctx.store.commit(adding(ctx, caller, &schedule)?).await?;
        kept_up(ctx, schedule).await
    };
    watch(ctx, caller, audit::Action::Create, Subject::Schedule, patient, work).await
}

/// Whether a patient can have one more schedule.
///
/// # Errors
/// `too_many_schedules`.
pub(super) async fn check_room(ctx: &Ctx, scope: &Scope, patient: PatientId) -> Result<()> {
    if ctx.store.schedules().of(scope, &[patient]).await?.len() >= MOST {
        return Err(Error::conflict("too_many_schedules", "A patient can have 20 schedules."));
    }
    Ok(())
}

/// The schedules of a patient who is being added.
///
/// # Errors
/// As [`Plan::check`], with the place of each in the list.
pub(crate) async fn made(ctx: &Ctx, patient: &Patient, new: Vec<New>) -> Result<Vec<Schedule>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    if new.len() > MOST {
        return Err(Error::field("schedules", "must be at most 20"));
    }
    let zone = zone_of(ctx, patient.org).await?;
    let inside = |at: usize, error: Error| {
        let fields = error.fields.iter().map(|field| domain::Field {
            path: format!("schedules[{at}].{}", field.path),
            message: field.message.clone(),
        });
        Error::fields(fields.collect())
    };
    let each = new.into_iter().enumerate();
    each.map(|(at, new)| one(ctx, patient, &zone, new).map_err(|error| inside(at, error))).collect()
}

/// What is to be written for a schedule that is added.
pub(crate) fn adding(ctx: &Ctx, caller: &Caller, schedule: &Schedule) -> Result<[Write; 2]> {
    let record = by(ctx, caller, audit::Action::Create, Subject::Schedule).within(schedule.org);
    let record = record.about([schedule.id.to_string(), schedule.patient.to_string()]);
    Ok([Schedules::add(schedule)?, note(&record)?])
}

fn one(ctx: &Ctx, patient: &Patient, home: &Zone, new: New) -> Result<Schedule> {
    let now = ctx.now();
    let follows_org = new.zone.is_none();
    let zone = new.zone.unwrap_or_else(|| home.clone());
    let plan = Plan {
        anchor: new.anchor.unwrap_or_else(|| zone.time_zone().to_datetime(now).date()),
        rule: new.rule,
        at: new.at,
        zone,
        active: new.active,
        exceptions: new.exceptions,
        pauses: new.pauses,
    };
    plan.check()?;
    Ok(Schedule {
        id: ScheduleId::generate(now, &*ctx.random),
        org: patient.org,
        patient: patient.id,
        next: next_occurrence(&plan, now),
        plan,
        follows_org,
        version: 0,
        created_at: now,
    })
}
