//! Time in words.

use jiff::Timestamp;

use crate::time::Zone;

/// The day and the time of day: "Monday, 23 November 2026, 06:17 (Europe/Berlin)".
pub(super) fn now(now: Timestamp, zone: &Zone) -> String {
    let here = now.to_zoned(zone.time_zone().clone());
    format!("{} ({})", here.strftime("%A, %-d %B %Y, %H:%M"), zone.name())
}

/// How long ago something was, by the calendar of `zone`.
pub(super) fn ago(then: Timestamp, now: Timestamp, zone: &Zone) -> String {
    let day = |at: Timestamp| at.to_zoned(zone.time_zone().clone()).date();
    let days = day(now).since(day(then)).map_or(0, |span| span.get_days());
    let many = |number: i32, unit: &str| format!("{number} {unit}s ago");
    match days {
        ..1 => match now.duration_since(then).as_mins() {
            ..10 => "a few minutes ago".to_owned(),
            10..90 => "about an hour ago".to_owned(),
            _ => "earlier today".to_owned(),
        },
        1 => "yesterday".to_owned(),
        2..14 => many(days, "day"),
        14..60 => many(days / 7, "week"),
        60..730 => many(days / 30, "month"),
        _ => many(days / 365, "year"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("2026-11-23T05:15:00Z" => "a few minutes ago")]
    #[test_case("2026-11-23T04:30:00Z" => "about an hour ago")]
    #[test_case("2026-11-22T23:30:00Z" => "earlier today"; "by the calendar of the zone")]
    #[test_case("2026-11-22T22:30:00Z" => "yesterday"; "the evening before")]
    #[test_case("2026-11-20T12:00:00Z" => "3 days ago")]
    #[test_case("2026-11-01T12:00:00Z" => "3 weeks ago")]
    #[test_case("2026-06-23T12:00:00Z" => "5 months ago")]
    #[test_case("2023-11-23T12:00:00Z" => "3 years ago")]
    #[test_case("2026-12-01T00:00:00Z" => "a few minutes ago"; "a clock that was wrong")]
    fn in_words(then: &str) -> String {
        let now = "2026-11-23T05:17:00Z".parse().unwrap();
        ago(then.parse().unwrap(), now, &"Europe/Berlin".parse().unwrap())
    }

    #[test]
    fn the_time_is_that_of_the_zone() {
        let at = "2026-11-23T05:17:00Z".parse().unwrap();
        assert_eq!(now(at, &"Asia/Tokyo".parse().unwrap()), "Monday, 23 November 2026, 14:17 (Asia/Tokyo)");
    }
}
