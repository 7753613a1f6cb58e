//! Versions of the API: what is served side by side, and what is on its way out.
//!
//! The written policy is in `docs/api.md`.

use axum::http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A part of the API that has a successor.
#[derive(Clone, Copy, Debug)]
pub struct Superseded {
    /// The method.
    pub method: &'static str,
    /// The route's pattern.
    pub route: &'static str,
    /// What takes its place.
    pub successor: &'static str,
    /// Since when new clients should use that (RFC 9745).
    pub since: Date,
    /// From when it may be gone (RFC 8594); at least a year later.
    pub sunset: Date,
}

const fn superseded(method: &'static str, route: &'static str, successor: &'static str) -> Superseded {
    Superseded {
        method,
        route,
        successor,
        since: jiff::civil::date(2026, 12, 1),
        sunset: jiff::civil::date(2028, 1, 1),
    }
}

/// The registry.
pub const SUPERSEDED: &[Superseded] = &[
    superseded("GET", "/v1/patients", "/v2/patients"),
    superseded("GET", "/v1/patients/{patientId}", "/v2/patients/{patientId}"),
    superseded("GET", "/v1/calls/active", "/v2/calls"),
    superseded("GET", "/v1/calls/{conversationId}/status", "/v2/calls/{callId}"),
    superseded("GET", "/v1/calls/{conversationId}/conversation", "/v2/calls/{callId}"),
];

impl Superseded {
    /// Its line in the registry, when it has one.
    pub fn find(method: &str, route: &str) -> Option<&'static Self> {
        SUPERSEDED.iter().find(|entry| entry.method == method && entry.route == route)
    }

    fn deprecation(&self) -> String {
        format!("@{}", midnight(self.since).as_second())
    }

    fn sunset(&self) -> String {
        midnight(self.sunset).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// Says so in the answer.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        // A pattern is no address; a client that sent the old one knows what to put in.
        let successor = self.successor.split("/{").next().unwrap_or(self.successor);
        let link = format!("<{successor}>; rel=\"successor-version\", </v1/docs/index.html>; rel=\"deprecation\"");
        for (name, value) in [("deprecation", self.deprecation()), ("sunset", self.sunset()), ("link", link)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

/// The registry as a table, for a generated document.
pub fn markdown() -> String {
    let mut table =
        String::from("| what | takes its place | deprecated since | may be gone from |\n|---|---|---|---|\n");
    for Superseded { method, route, successor, since, sunset } in SUPERSEDED {
        table.push_str(&format!("| `{method} {route}` | `{method} {successor}` | {since} | {sunset} |\n"));
    }
    table
}

fn midnight(date: Date) -> Timestamp {
    let midnight = date.to_zoned(TimeZone::UTC).map(|midnight| midnight.timestamp());
    midnight.expect("every day has a midnight in UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_superseded_says_since_when_until_when_and_by_what() {
        let mut headers = HeaderMap::new();
        Superseded::find("GET", "/v1/calls/{conversationId}/status").unwrap().tell(&mut headers);
        assert_eq!(headers["deprecation"], "@1796083200");
        assert_eq!(headers["sunset"], "Sat, 01 Jan 2028 00:00:00 GMT");
        assert!(headers["link"].to_str().unwrap().starts_with("</v2/calls>; rel=\"successor-version\""));
    }

    #[test]
    fn nobody_is_hurried() {
        for entry in SUPERSEDED {
            assert!(entry.since.until(entry.sunset).unwrap().get_days() >= 365, "{entry:?}");
        }
    }
}
