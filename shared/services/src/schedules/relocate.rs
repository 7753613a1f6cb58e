//! An organisation goes by another clock.

use domain::schedules::{Plan, Schedule};
use domain::{OrgId, Result, policy};
use store::mongo::Schedules;

use super::claim::{add_unknown, due_by};
use crate::Ctx;
use crate::audit::{self, Action, Subject};

/// Schedules that are moved at once.
const BATCH: u32 = 200;

/// Moves the schedules that go by the organisation's clock to the one it has now; gives how many. Doing it again, or while the clock changes
/// once more, ends with all of them on the last.
///
/// # Errors
/// When the store does not answer; what was moved stays, and doing it again moves the rest.
pub async fn relocate(ctx: &Ctx, org: OrgId) -> Result<u32> {
    let system = policy::system("go by the organisation's clock");
    let Some(home) = ctx.store.orgs().find(&system, org).await? else { return Ok(0) };
    let (mut moved, mut after) = (0, None);
    loop {
        let some = ctx.store.schedules().following(org, after, BATCH).await?;
        for schedule in some.iter().filter(|schedule| schedule.plan.zone != home.zone) {
            match one(ctx, schedule, Plan { zone: home.zone.clone(), ..schedule.plan.clone() }).await {
                Ok(()) => moved += 1,
                // It came due, or somebody changed it, in this moment: once more.
                Err(error) if error.code == "schedule_moved_on" => {
                    if let Some(now) = ctx.store.schedules().find(&system, schedule.id).await? {
                        let plan = Plan { zone: home.zone.clone(), ..now.plan.clone() };
                        one(ctx, &now, plan).await?;
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

async fn one(ctx: &Ctx, before: &Schedule, plan: Plan) -> Result<()> {
    let now = ctx.now();
    let after = before.with(plan, now);
    let reason = "the organisation goes by another clock";
    let noted = audit::by_system(ctx, reason, before.org, Action::Update, Subject::Schedule, before.id)?;
    // What is due this moment was due on the old clock.
    add_unknown(ctx, &due_by(ctx, before, now).await?).await?;
    ctx.store.commit([Schedules::alter(before, &after, now)?, noted]).await
}
