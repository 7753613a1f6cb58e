//! Removing a schedule.

use domain::audit::{self, Subject};
use domain::policy::{self, Action, Resource};
use domain::{Caller, Result, ScheduleId};
use store::mongo::Schedules;

use super::visible;
use crate::Ctx;
use crate::audit::{by, note, watch};

/// Removes a schedule.
///
/// # Errors
/// `schedule_not_found` outside the caller's scope, and for one that was removed before.
pub async fn remove(ctx: &Ctx, caller: &Caller, schedule: ScheduleId) -> Result<()> {
    let work = async {
        let scope = policy::grant(caller, Action::Delete, Resource::Patient)?;
        let (found, patient) = visible(ctx, &scope, schedule).await?;
        let record = by(ctx, caller, audit::Action::Delete, Subject::Schedule).within(found.org);
        let record = note(&record.about([schedule.to_string(), patient.id.to_string()]))?;
        ctx.store.commit([Schedules::remove(&found), record]).await
    };
    watch(ctx, caller, audit::Action::Delete, Subject::Schedule, schedule, work).await
}
