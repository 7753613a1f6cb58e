//! Schedules that are due.

use domain::occurrences::Occurrence;
use domain::schedules::{Schedule, next_occurrence};
use domain::{OccurrenceId, Result};
use store::mongo::{Occurrences, Schedules};

use super::rules;
use crate::Ctx;

/// Schedules that are read at once.
const BATCH: u32 = 200;
/// Batches in one tick: 20,000 calls due at nine o'clock are claimed in a minute, and the next tick goes on.
const BATCHES: u32 = 100;
/// Instants of one schedule that are accounted for after an outage; a daily one had none for three months.
const MISSED: usize = 100;

/// Makes an occurrence of every instant at which a schedule was due, and moves the schedule on, each in one
/// transaction. Instants that are long past are made too, as skipped. Gives how many schedules were due.
///
/// # Errors
/// When the store cannot be read.
pub async fn claim(ctx: &Ctx) -> Result<u32> {
    let mut claimed = 0;
    for _ in 0..BATCHES {
        let due = ctx.store.schedules().due(ctx.now(), BATCH).await?;
        let mut moved = 0;
        for schedule in &due {
            match one(ctx, schedule).await {
                Ok(()) => moved += 1,
                // Somebody changed it, or another tick was faster: it is looked at again if it is still due.
                Err(error) if error.code == "schedule_moved_on" => {}
                Err(error) => {
                    tracing::error!(schedule = %schedule.id, %error, "a schedule that is due could not be moved on");
                }
            }
        }
        claimed += moved;
        // What could not be moved on must not be read again and again.
        if due.len() < BATCH as usize || moved == 0 {
            break;
        }
    }
    Ok(claimed)
}

async fn one(ctx: &Ctx, schedule: &Schedule) -> Result<()> {
    let now = ctx.now();
    let mut instants = Vec::new();
    let mut next = schedule.next;
    while let Some(due) = next.filter(|due| *due <= now && instants.len() < MISSED) {
        instants.push(due);
        next = next_occurrence(&schedule.plan, due);
    }
    let moved = Schedules::alter(schedule, &schedule.with(schedule.plan.clone(), now), now)?;
    let whose = (schedule.id, schedule.org, schedule.patient);
    let window = rules(ctx, schedule.org).await?.window();
    let made = instants.iter().map(|due| {
        Occurrences::add(&Occurrence::of(OccurrenceId::generate(now, &*ctx.random), whose, *due, now, window))
    });
    let made = made.collect::<Result<Vec<_>>>()?;
    match ctx.store.commit(made.into_iter().chain([moved.clone()])).await {
        // The clock was set back: these were made before.
        Err(error) if error.code == "occurrence_known" => ctx.store.commit([moved]).await,
        other => other,
    }
}
