//! Schedules: when patients are telephoned.

mod claim;
mod create;
mod follow;
mod get;
mod line;
mod place;
mod relocate;
mod remove;
mod update;

pub use claim::claim;
pub use create::{New, create};
pub(crate) use create::{adding, made};
pub(crate) use follow::follow;
pub use get::{beside, get, occurrences, of_patient};
pub(crate) use line::is_line_taken;
pub use place::place;
pub use relocate::relocate;
pub use remove::remove;
pub use update::{Change, Clock, update};

use domain::patients::Patient;
use domain::schedules::Schedule;
use domain::{Error, OrgId, Result, ScheduleId, Scope, Zone};

use crate::Ctx;

/// Schedules, or organisations, that one tick works on at a time: most of it is waiting for the store.
const AT_A_TIME: usize = 8;

/// The schedule and its patient, or `schedule_not_found`: whoever does not see the patient sees none of
/// their schedules.
pub(crate) async fn visible(ctx: &Ctx, scope: &Scope, schedule: ScheduleId) -> Result<(Schedule, Patient)> {
    let missing = || Error::not_found("schedule_not_found", "There is no such schedule.");
    let found = ctx.store.schedules().find(scope, schedule).await?.ok_or_else(missing)?;
    let patient = ctx.store.patients().find(scope, found.patient).await?.ok_or_else(missing)?;
    Ok((found, patient))
}

/// The clock that an organisation goes by.
async fn zone_of(ctx: &Ctx, org: OrgId) -> Result<Zone> {
    let system = domain::policy::system("read an organisation's clock");
    let found = ctx.store.orgs().find(&system, org).await?;
    found.map(|org| org.zone).ok_or_else(|| Error::not_found("org_not_found", "There is no such organisation."))
}
