//! An organisation goes by another clock.

use domain::schedules::{Plan, Schedule};
use domain::{OrgId, Result, Zone, policy};

use super::claim::move_on;
use crate::Ctx;
use crate::audit::{self, Action, Subject};

/// Schedules that are moved at once.
const BATCH: u32 = 200;

/// Moves the schedules that go by the organisation's clock to the one it has now; gives how many. Doing it again, or while the clock changes
/// once more, ends with all of them on the last: whoever has moved them looks at the clock again.
///
/// # Errors
/// When the store does not answer; what was moved stays, and doing it again moves the rest.
pub async fn relocate(ctx: &Ctx, org: OrgId) -> Result<u32> {
    let (mut moved, mut zone) = (0, home(ctx, org).await?);
    while let Some(to) = zone {
        moved += all(ctx, org, &to).await?;
        zone = home(ctx, org).await?.filter(|now| *now != to);
    }
    Ok(moved)
}

/// The schedule, which was just written, on the clock that its organisation has by now if it goes by that: the clock may have changed in
/// between, and the others been moved already.
pub(super) async fn kept_up(ctx: &Ctx, schedule: Schedule) -> Result<Schedule> {
    let zone = if schedule.follows_org { home(ctx, schedule.org).await? } else { None };
    match zone.filter(|zone| *zone != schedule.plan.zone) {
        None => Ok(schedule),
        Some(zone) => match one(ctx, &schedule, &zone).await {
            // It is being moved with the others.
            Err(error) if error.code == "schedule_moved_on" => Ok(schedule),
            moved => moved,
        },
    }
}

async fn home(ctx: &Ctx, org: OrgId) -> Result<Option<Zone>> {
    let system = policy::system("go by the organisation's clock");
    Ok(ctx.store.orgs().find(&system, org).await?.map(|org| org.zone))
}

/// Moves all of an organisation that go by its clock and by another than this one; gives how many.
async fn all(ctx: &Ctx, org: OrgId, zone: &Zone) -> Result<u32> {
    let system = policy::system("go by the organisation's clock");
    let (mut moved, mut after) = (0, None);
    loop {
        let some = ctx.store.schedules().following(org, after, BATCH).await?;
        for schedule in some.iter().filter(|schedule| schedule.plan.zone != *zone) {
            match one(ctx, schedule, zone).await {
                Ok(_) => moved += 1,
                // It came due, or somebody changed it, in this moment: once more, if it still goes by this clock.
                Err(error) if error.code == "schedule_moved_on" => {
                    let now = ctx.store.schedules().find(&system, schedule.id).await?;
                    if let Some(now) = now.filter(|now| now.follows_org) {
                        one(ctx, &now, zone).await?;
                        moved += 1;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        match some.last() {
            Some(last) if some.len() == BATCH as usize => after = Some(last.id),
            _ => return Ok(moved),
        }
    }
}

/// What is due this moment was due on the old clock.
async fn one(ctx: &Ctx, before: &Schedule, zone: &Zone) -> Result<Schedule> {
    let after = before.with(Plan { zone: zone.clone(), ..before.plan.clone() }, ctx.now());
    let reason = "the organisation goes by another clock";
    let noted = audit::by_system(ctx, reason, before.org, Action::Update, Subject::Schedule, before.id)?;
    move_on(ctx, before, &after, vec![noted]).await?;
    Ok(after)
}
