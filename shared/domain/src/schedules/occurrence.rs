//! The next instant at which a schedule is due.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan as _};

use super::Plan;

/// How far ahead a day is looked for: every 52 weeks, and a year of exceptions on top.
const HORIZON_DAYS: u32 = 366 * 10;

/// The first instant after `after` at which somebody is to be telephoned; `None` when there is none: the
/// schedule is off, paused without an end, or has nothing within ten years.
///
/// A time that the clocks skip is due at the first instant after the gap, and one that they show
/// twice at the first of the two: on every day of the rule there is exactly one call.
pub fn next_occurrence(plan: &Plan, after: Timestamp) -> Option<Timestamp> {
    if !plan.active {
        return None;
    }
    let zone = plan.zone.time_zone();
    // A day earlier: what was skipped at midnight is due on the day after.
    let mut date = zone.to_datetime(after).date().checked_sub(1.day()).ok()?.max(plan.anchor);
    for _ in 0..HORIZON_DAYS {
        if plan.rule.takes(date, plan.anchor) && !plan.is_off(date) {
            let due = instant(zone, date.to_datetime(plan.at.time()))?;
            if due > after {
                return Some(due);
            }
        }
        date = next(plan, date)?;
    }
    None
}

/// The next day to look at: behind a pause, if one covers it.
fn next(plan: &Plan, date: Date) -> Option<Date> {
    let tomorrow = date.tomorrow().ok()?;
    match plan.pauses.iter().find(|pause| pause.covers(tomorrow)) {
        None => Some(tomorrow),
        Some(pause) => pause.until?.tomorrow().ok(),
    }
}

/// When a clock on the wall shows `local` for the first time, or is past it for the first time.
fn instant(zone: &TimeZone, local: DateTime) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.earlier().ok(),
        AmbiguousOffset::Gap { .. } => {
            let behind = ambiguous.later().ok()?;
            zone.preceding(behind.checked_add(1.nanosecond()).ok()?).next().map(|transition| transition.timestamp())
        }
    }
}
