//! What can be seen from outside: Prometheus metrics of the whole cell.
//!
//! `prometheus-client` is the Prometheus project's own library: alive, small (no protobuf unless
//! asked for), and a counter is one atomic. Labels hold values of [`labels`] and of the domain's
//! enums only, so the number of time series does not depend on how many calls there are.

mod calls;
mod cell;
mod declare;
mod labels;
mod meter;
mod model;
mod sound;

use std::sync::Arc;

use prometheus_client::encoding::prometheus_text;
use prometheus_client::registry::Registry;

pub(crate) use self::calls::name_of;
use self::declare::{Declare, Row};
pub(crate) use self::labels::tool as known_tool;
pub use self::labels::{Breaker, Protection, SetUp, ToolResult, Way, class};
pub use self::meter::CallMeter;
pub use self::sound::Latency;

/// The content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics of this process. A clone is the same metrics.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    rows: Vec<Row>,
    calls: calls::Calls,
    sound: sound::Sound,
    model: model::Model,
    cell: cell::Cell,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All metrics, at zero.
    pub fn new() -> Self {
        let mut declare = Declare::new();
        let calls = calls::Calls::declare(&mut declare);
        let sound = sound::Sound::declare(&mut declare);
        let model = model::Model::declare(&mut declare);
        let cell = cell::Cell::declare(&mut declare);
        let Declare { registry, rows } = declare;
        Self(Arc::new(Inner { registry, rows, calls, sound, model, cell }))
    }

    /// All metrics as Prometheus reads them, with [`CONTENT_TYPE`].
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(32 << 10);
        // Writing to a `String` does not fail; should an encoder, an empty answer is seen at once.
        match prometheus_text::encode(&mut text, &self.0.registry) {
            Ok(()) => text,
            Err(error) => {
                tracing::error!(%error, "the metrics could not be written");
                String::new()
            }
        }
    }

    /// The table of all metrics: what `docs/metrics.md` holds.
    pub fn table() -> String {
        declare::markdown(&Self::new().0.rows)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use domain::calls::{EndReason, Outcome};

    use super::*;
    use crate::realtime::event::Usage;
    use crate::realtime::failure::Failure;
    use crate::session::Stats;
    use crate::telephony::leg::LegStats;

    #[test]
    fn every_metric_that_is_served_stands_in_the_table_and_the_other_way_round() {
        let metrics = Metrics::new();
        // These have no label values that are known before the first event.
        metrics.call_ended(Outcome::Answered, EndReason::Goodbye, Duration::ZERO);
        metrics.tool("end_call", ToolResult::Done);
        metrics.alert("model_lost");
        metrics.emergency("critical");
        let (text, table) = (metrics.text(), Metrics::table());
        let served: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
        assert_eq!(served.len(), text.matches("# HELP ").count());
        let described: Vec<_> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        assert!(served.len() > 30, "{served:?}");
        assert_eq!(served, described);
    }

    #[test]
    fn a_call_that_is_told_twice_is_counted_once() {
        let metrics = Metrics::new();
        let mut meter = CallMeter::new(metrics.clone());
        let stats = Stats { underruns: 3, ..Stats::default() };
        let leg = LegStats { sent: 50, strangers: 2, ..LegStats::default() };
        for _ in 0..2 {
            meter.session(stats);
            meter.leg(leg);
        }
        meter.session(Stats { underruns: 4, ..stats });
        let text = metrics.text();
        for line in [
            "bridge_session_events_total{kind=\"underrun\"} 4",
            "bridge_frames_total{fate=\"sent\"} 50",
            "bridge_packets_total{fate=\"stranger\"} 2",
        ] {
            assert!(text.lines().any(|seen| seen == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn what_happened_can_be_read_under_the_names_of_the_record() {
        let metrics = Metrics::new();
        metrics.call_ended(Outcome::NoAnswer, EndReason::NoAnswer, Duration::ZERO);
        metrics.tool("alert_caregiver", ToolResult::Done);
        metrics.tool("call +15550100123", ToolResult::Unknown);
        metrics.usage(&Usage { input_tokens: 7, output_tokens: 1, ..Usage::default() });
        metrics.cost(0.25);
        metrics.breaker(Breaker::Open);
        metrics.reconnected(&Failure::Retry("close_1006".into()));
        let text = metrics.text();
        for line in [
            "bridge_calls_total{outcome=\"no_answer\",reason=\"no_answer\"} 1",
            "bridge_tool_calls_total{name=\"alert_caregiver\",result=\"done\"} 1",
            "bridge_tool_calls_total{name=\"other\",result=\"unknown\"} 1",
            "bridge_cost_usd_total 0.25",
            "bridge_breaker_state{state=\"open\"} 1",
            "bridge_breaker_state{state=\"closed\"} 0",
            "bridge_model_reconnects_total{class=\"closed\"} 1",
            "bridge_call_seconds_count 0",
        ] {
            assert!(text.lines().any(|seen| seen == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("15550100123"));
    }

    /// The bar is 50 ms for the whole scrape; here it is what this program spends on it.
    #[test]
    fn a_scrape_while_500_calls_count_takes_less_than_50_ms() {
        let metrics = Metrics::new();
        let busy: Vec<_> = (0..500)
            .map(|_| {
                let mut meter = CallMeter::new(metrics.clone());
                for frames in 1..=50 {
                    metrics.added(Way::ToModel, Duration::from_micros(200));
                    metrics.added(Way::ToCaller, Duration::from_micros(200));
                    meter.leg(LegStats { sent: frames, ..LegStats::default() });
                }
                metrics.call_ended(Outcome::Answered, EndReason::Goodbye, Duration::from_mins(5));
                meter
            })
            .collect();
        let began = Instant::now();
        let text = metrics.text();
        let took = began.elapsed();
        assert!(text.contains("bridge_frames_total{fate=\"sent\"} 25000\n"), "{} calls", busy.len());
        assert!(took < Duration::from_millis(50), "{took:?} for {} bytes", text.len());
    }
}
