//! Tables and properties of schedules.

use jiff::civil::{Date, date};
use jiff::tz::TimeZoneDatabase;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use proptest::prelude::*;
use test_case::test_case;

use super::*;

fn plan(rule: Rule, at: &str, zone: &str) -> Plan {
    Plan {
        rule,
        at: at.parse().unwrap(),
        zone: zone.parse().unwrap(),
        anchor: date(2024, 1, 1),
        active: true,
        exceptions: Vec::new(),
        pauses: Vec::new(),
    }
}

fn weekly(days: &[(u8, u8)]) -> Rule {
    Rule::Weekly(days.iter().map(|&(day, weeks)| Weekly { day, weeks }).collect())
}

fn monthly(days: &[u8]) -> Rule {
    Rule::Monthly(days.iter().map(|&day| Monthly { day }).collect())
}

/// The next `count` occurrences after an instant, as a clock there shows them.
fn local(plan: &Plan, after: &str, count: usize) -> Vec<String> {
    let mut after: Timestamp = after.parse().unwrap();
    let mut found = Vec::new();
    while let Some(due) = next_occurrence(plan, after).filter(|_| found.len() < count) {
        found.push(plan.zone.time_zone().to_datetime(due).strftime("%a %Y-%m-%d %H:%M").to_string());
        after = due;
    }
    found
}

#[test]
fn a_daily_call_is_at_the_same_time_on_the_wall_through_both_changes_of_the_clock() {
    let daily = plan(Rule::Daily, "09:00", "Europe/Berlin");
    assert_eq!(
        local(&daily, "2025-03-29T07:59:59Z", 3),
        ["Sat 2025-03-29 09:00", "Sun 2025-03-30 09:00", "Mon 2025-03-31 09:00"]
    );
    let due = |after: &str| next_occurrence(&daily, after.parse().unwrap()).unwrap().to_string();
    assert_eq!(due("2025-03-29T08:00:00Z"), "2025-03-30T07:00:00Z");
    assert_eq!(due("2025-10-25T07:00:00Z"), "2025-10-26T08:00:00Z");
    assert_eq!(due("2025-10-26T07:59:59.999Z"), "2025-10-26T08:00:00Z");
}

#[test]
fn today_counts_when_the_time_is_still_to_come() {
    let daily = plan(Rule::Daily, "09:00", "America/New_York");
    assert_eq!(local(&daily, "2025-06-10T12:59:00Z", 1), ["Tue 2025-06-10 09:00"]);
    assert_eq!(local(&daily, "2025-06-10T13:00:00Z", 1), ["Wed 2025-06-11 09:00"], "due once");
}

#[test_case("02:30", "2025-03-30T01:00:00Z"; "a time that is skipped is due right after")]
#[test_case("02:00", "2025-03-30T01:00:00Z"; "the first that is skipped")]
#[test_case("03:00", "2025-03-30T01:00:00Z"; "the first that is not")]
#[test_case("01:59", "2025-03-30T00:59:00Z"; "the last before")]
fn spring(at: &str, due: &str) {
    let daily = plan(Rule::Daily, at, "Europe/Berlin");
    assert_eq!(next_occurrence(&daily, "2025-03-29T12:00:00Z".parse().unwrap()).unwrap().to_string(), due);
}

#[test]
fn a_time_that_is_there_twice_is_due_once() {
    let daily = plan(Rule::Daily, "02:30", "Europe/Berlin");
    let first = next_occurrence(&daily, "2025-10-25T12:00:00Z".parse().unwrap()).unwrap();
    assert_eq!(first.to_string(), "2025-10-26T00:30:00Z");
    assert_eq!(next_occurrence(&daily, first).unwrap().to_string(), "2025-10-27T01:30:00Z");
}

#[test]
fn days_of_the_week_each_have_their_own_weeks() {
    let both = plan(weekly(&[(1, 1), (5, 2)]), "10:15", "America/Sao_Paulo");
    // 2024-01-01, the anchor, was a Monday.
    assert_eq!(
        local(&both, "2024-01-01T00:00:00Z", 6),
        [
            "Mon 2024-01-01 10:15",
            "Fri 2024-01-05 10:15",
            "Mon 2024-01-08 10:15",
            "Mon 2024-01-15 10:15",
            "Fri 2024-01-19 10:15",
            "Mon 2024-01-22 10:15"
        ]
    );
    let sundays = plan(weekly(&[(0, 3)]), "10:15", "Asia/Tokyo");
    assert_eq!(local(&sundays, "2023-06-01T00:00:00Z", 2), ["Sun 2024-01-07 10:15", "Sun 2024-01-28 10:15"]);
}

#[test]
fn a_day_that_a_month_lacks_is_its_last() {
    let last = plan(monthly(&[31]), "08:00", "Asia/Kolkata");
    assert_eq!(
        local(&last, "2028-01-15T00:00:00Z", 4),
        ["Mon 2028-01-31 08:00", "Tue 2028-02-29 08:00", "Fri 2028-03-31 08:00", "Sun 2028-04-30 08:00"]
    );
    let several = plan(monthly(&[1, 29, 30, 31]), "08:00", "Asia/Kolkata");
    assert_eq!(
        local(&several, "2025-01-31T12:00:00Z", 3),
        ["Sat 2025-02-01 08:00", "Fri 2025-02-28 08:00", "Sat 2025-03-01 08:00"],
        "three days that February lacks are one call"
    );
}

#[test]
fn nobody_is_called_on_exceptions_in_pauses_before_the_anchor_or_when_it_is_off() {
    let mut daily = plan(Rule::Daily, "09:00", "Europe/London");
    daily.exceptions = vec![date(2025, 12, 25), date(2025, 12, 26)];
    assert_eq!(local(&daily, "2025-12-24T12:00:00Z", 1), ["Sat 2025-12-27 09:00"]);
    daily.pauses = vec![
        Pause { from: date(2025, 12, 27), until: Some(date(2026, 1, 10)) },
        Pause { from: date(2026, 1, 11), until: Some(date(2026, 1, 11)) },
    ];
    assert_eq!(local(&daily, "2025-12-24T12:00:00Z", 1), ["Mon 2026-01-12 09:00"]);
    daily.pauses.push(Pause { from: date(2026, 1, 13), until: None });
    assert_eq!(local(&daily, "2025-12-24T12:00:00Z", 9), ["Mon 2026-01-12 09:00"]);
    daily.anchor = date(2026, 1, 12);
    assert_eq!(local(&daily, "2024-02-01T00:00:00Z", 9), ["Mon 2026-01-12 09:00"]);
    daily.active = false;
    assert!(local(&daily, "2025-12-24T12:00:00Z", 1).is_empty());
}

#[test]
fn a_schedule_without_a_day_ends_the_search() {
    let mut never = plan(weekly(&[(3, 1)]), "09:00", "Europe/London");
    never.pauses = vec![Pause { from: date(2025, 1, 1), until: Some(date(9999, 12, 31)) }];
    assert_eq!(next_occurrence(&never, "2025-06-01T00:00:00Z".parse().unwrap()), None);
    assert_eq!(next_occurrence(&plan(Rule::Daily, "09:00", "UTC"), Timestamp::MAX), None);
    assert!(next_occurrence(&plan(Rule::Daily, "09:00", "UTC"), Timestamp::MIN).is_some());
}

#[test_case("09:30" => true)]
#[test_case("00:00" => true)]
#[test_case("23:59" => true)]
#[test_case("24:00" => false)]
#[test_case("9:30" => false)]
#[test_case("09:60" => false)]
#[test_case("09:30:00" => false)]
#[test_case("-1:30" => false)]
#[test_case("+9:30" => false)]
#[test_case("09.30" => false)]
#[test_case("" => false)]
#[test_case("\u{0660}\u{0669}:30" => false)]
fn times(text: &str) -> bool {
    text.parse::<TimeOfDay>().is_ok_and(|time| time.to_string() == text)
}

#[test_case(weekly(&[]), &["intervals"]; "no day of the week")]
#[test_case(monthly(&[]), &["intervals"]; "no day of the month")]
#[test_case(weekly(&[(1, 1), (1, 2)]), &["intervals[1].day"]; "a day twice")]
#[test_case(weekly(&[(7, 1), (2, 0), (3, 53)]), &["intervals[0].day", "intervals[1].weeks", "intervals[2].weeks"]; "days and weeks that do not exist")]
#[test_case(monthly(&[0, 31, 32, 31]), &["intervals[0].day", "intervals[2].day", "intervals[3].day"]; "days that no month has")]
fn what_is_wrong_is_named(rule: Rule, paths: &[&str]) {
    let error = plan(rule, "09:00", "UTC").check().unwrap_err();
    assert_eq!(error.fields.iter().map(|field| field.path.as_str()).collect::<Vec<_>>(), paths);
}

#[test]
fn a_pause_that_ends_before_it_begins_is_refused() {
    let mut daily = plan(Rule::Daily, "09:00", "UTC");
    daily.check().unwrap();
    daily.pauses = vec![Pause { from: date(2025, 1, 2), until: Some(date(2025, 1, 1)) }];
    assert_eq!(daily.check().unwrap_err().fields[0].path, "pauses[0].until");
}

/// Every zone this program knows.
fn zones() -> Vec<Zone> {
    let zones: Vec<Zone> =
        TimeZoneDatabase::bundled().available().filter_map(|name| name.as_str().parse().ok()).collect();
    assert!(zones.len() > 400, "{} zones", zones.len());
    zones
}

/// What must hold of a daily call on the days around an instant.
fn holds(plan: &Plan, around: Timestamp) {
    let zone = plan.zone.time_zone();
    let (mut after, until) = (around - SignedDuration::from_hours(72), around + SignedDuration::from_hours(72));
    let mut before: Option<Date> = None;
    while let Some(due) = next_occurrence(plan, after).filter(|due| *due < until) {
        assert!(due > after);
        let shown = zone.to_datetime(due);
        if shown.time() == plan.at.time() {
            // Never the second time a clock shows it.
            let hours_before = (1..=180).map(|minutes| due - SignedDuration::from_mins(minutes));
            assert!(hours_before.map(|at| zone.to_datetime(at)).all(|at| at < shown), "{plan:?} {due}");
        } else {
            // Only right after a gap: a second earlier the clock showed less than was asked for.
            let earlier = zone.to_datetime(due - SignedDuration::from_secs(1));
            assert!(earlier.time() < plan.at.time() || earlier.date() < shown.date(), "{plan:?} {due}");
            assert_eq!(
                zone.preceding(due + SignedDuration::from_nanos(1)).next().unwrap().timestamp(),
                due,
                "{plan:?}"
            );
        }
        if let Some(before) = before {
            let days = shown.date().since(before).unwrap().get_days();
            assert!(days == 1 || (days == 2 && shown.time() != plan.at.time()) || days == 0, "{plan:?} {due}: {days}");
        }
        before = Some(shown.date());
        after = due;
    }
    assert!(before.is_some(), "{plan:?} is never due around {around}");
}

#[test]
fn on_every_day_around_every_change_of_every_clock_there_is_one_call() {
    let (from, until) = (date(2024, 1, 1), date(2031, 1, 1));
    let mut changes = 0;
    for zone in zones() {
        let start = from.to_zoned(zone.time_zone().clone()).unwrap().timestamp();
        let end = until.to_zoned(zone.time_zone().clone()).unwrap().timestamp();
        for transition in zone.time_zone().following(start).take_while(|transition| transition.timestamp() < end) {
            changes += 1;
            let local = zone.time_zone().to_datetime(transition.timestamp());
            for minutes in [-90, -60, -30, -1, 0, 1, 30, 60, 90] {
                let at = local.checked_add(minutes.minutes()).unwrap().time();
                let at = format!("{:02}:{:02}", at.hour(), at.minute());
                holds(&plan(Rule::Daily, &at, zone.name()), transition.timestamp());
            }
        }
    }
    assert!(changes > 1_000, "{changes} changes");
}

proptest! {
    #[test]
    fn whatever_the_rule_the_next_is_later_and_nothing_is_between(
        zone in 0..400_usize,
        minute in 0..1_440_i64,
        kind in 0..3_u8,
        days in proptest::collection::btree_set(1..=31_u8, 1..4),
        weeks in 1..=4_u8,
        after in 1_704_067_200_i64..1_925_000_000,
    ) {
        let zones = zones();
        let rule = match kind {
            0 => Rule::Daily,
            1 => weekly(&days.iter().map(|day| (day % 7, weeks)).collect::<Vec<_>>()),
            _ => monthly(&days.iter().copied().collect::<Vec<_>>()),
        };
        let at = format!("{:02}:{:02}", minute / 60, minute % 60);
        let plan = plan(rule, &at, zones[zone % zones.len()].name());
        let after = Timestamp::from_second(after).unwrap();
        let due = next_occurrence(&plan, after).unwrap();
        prop_assert!(due > after);
        prop_assert!(plan.rule.takes(plan.zone.time_zone().to_datetime(due).date(), plan.anchor)
            || plan.zone.time_zone().to_datetime(due).time() != plan.at.time());
        // Asked from any instant before it, the answer is the same.
        let halfway = after + (due.duration_since(after) / 2);
        prop_assert_eq!(next_occurrence(&plan, halfway), Some(due));
        prop_assert_eq!(next_occurrence(&plan, due - SignedDuration::from_nanos(1)), Some(due));
    }
}
