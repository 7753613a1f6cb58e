//! Metrics, as log lines that `CloudWatch` turns into metrics (Embedded Metric Format 0).
//!
//! Labels are routes, statuses and classes: never an id, an address or anything a patient said.

use std::io::Write as _;

use serde_json::{Value, json};

/// The namespace of the metrics.
const NAMESPACE: &str = "Bianca/Api";

/// What is told of a request.
pub(crate) struct Told<'a> {
    /// Milliseconds since 1970.
    pub at: i64,
    /// The function, for `Service`.
    pub service: &'a str,
    /// `GET /v1/patients/{patientId}`.
    pub route: &'a str,
    /// The status.
    pub status: u16,
    /// How long it took, in milliseconds.
    pub millis: f64,
    /// Whether a limit refused it.
    pub limited: bool,
    /// Whether a limit was judged by this process alone.
    pub local: bool,
    /// Looks into the cache since the last line that found something, and that did not.
    pub cache: (u64, u64),
}

/// The line.
fn line(told: &Told<'_>) -> Value {
    let metric = |name: &str, unit: &str| json!({ "Name": name, "Unit": unit });
    let number = u8::from;
    json!({
        "_aws": {
            "Timestamp": told.at,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["Service"], ["Service", "Route"]],
                "Metrics": [
                    metric("Latency", "Milliseconds"), metric("Requests", "Count"), metric("Faults", "Count"),
                    metric("Refusals", "Count"), metric("Limited", "Count"), metric("LimitedLocally", "Count"),
                    metric("CacheHits", "Count"), metric("CacheMisses", "Count"),
                ],
            }],
        },
        "Service": told.service,
        "Route": told.route,
        "Latency": told.millis,
        "Requests": 1,
        "Faults": number(told.status >= 500),
        "Refusals": number((400..500).contains(&told.status)),
        "Limited": number(told.limited),
        "LimitedLocally": number(told.local),
        "CacheHits": told.cache.0,
        "CacheMisses": told.cache.1,
    })
}

/// Writes the line to standard output, which Lambda sends to `CloudWatch` Logs.
pub(crate) fn tell(told: &Told<'_>) {
    let mut text = line(told).to_string();
    text.push('\n');
    // Whoever closed standard output does not want metrics.
    drop(std::io::stdout().lock().write_all(text.as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_that_is_declared_is_there_and_a_number() {
        let told = Told {
            at: 1_790_000_000_000,
            service: "patients",
            route: "GET /v1/patients",
            status: 503,
            millis: 12.5,
            limited: false,
            local: true,
            cache: (3, 1),
        };
        let line = line(&told);
        let declared = &line["_aws"]["CloudWatchMetrics"][0];
        for metric in declared["Metrics"].as_array().unwrap() {
            assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
        }
        for dimension in declared["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap()) {
            assert!(line[dimension.as_str().unwrap()].is_string(), "{dimension}");
        }
        assert_eq!((line["Faults"].as_u64(), line["CacheHits"].as_u64()), (Some(1), Some(3)));
    }
}
