//! Metrics of calls: how many, how they came about, how they ended, what was done in them.

use std::borrow::Cow;
use std::time::Duration;

use domain::calls::{EndReason, Outcome};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use serde::Serialize;

use super::Metrics;
use super::declare::{Buckets, Declare, Many, WAITS, about};
use super::labels::{SetUp, ToolResult, tool};

/// Lengths of calls, in seconds.
const LENGTHS: &[f64] = &[5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3300.0];

#[derive(Debug)]
pub(super) struct Calls {
    live: Gauge,
    room: Gauge,
    ended: Many<2, Counter>,
    length: Histogram,
    set_up: Many<1, Histogram, Buckets>,
    first_frame: Histogram,
    tools: Many<2, Counter>,
    alerts: Many<1, Counter>,
    emergencies: Many<1, Counter>,
    records_lost: Counter,
}

impl Calls {
    pub(super) fn declare(d: &mut Declare) -> Self {
        Self {
            live: d.gauge(about("calls_live", "calls", "Calls that run")),
            room: d.gauge(about("calls_room", "calls", "Calls there is room for")),
            ended: d.counters(
                &["outcome", "reason"],
                about("calls", "calls", "Calls that ended; the values are those of the call's record"),
            ),
            length: d.histogram(LENGTHS, about("call_seconds", "seconds", "From answer to end, of answered calls")),
            set_up: d.histograms_of(
                &["stage"],
                &["dial", "ring", "answer", "media", "model"],
                WAITS,
                about(
                    "set_up_seconds",
                    "seconds",
                    "Steps on the way to a conversation: taken until the telephone system agreed, until it rang, until \
                     it was picked up, until sound could be sent; `model` from asked for until configured",
                ),
            ),
            first_frame: d.histogram(
                WAITS,
                about("answer_to_first_frame_seconds", "seconds", "From the answer to the first frame of the greeting"),
            ),
            tools: d.counters(
                &["name", "result"],
                about(
                    "tool_calls",
                    "function calls",
                    "Function calls of the model by what became of them: `done`, `repeated`, `failed`, `timed_out`, \
                     `unknown`; a name that we do not offer is `other`",
                ),
            ),
            alerts: d.counters_of(&["kind"], &[], about("alerts", "alerts", "Alerts raised for caregivers")),
            emergencies: d.counters_of(
                &["severity"],
                &[],
                about("emergency_findings", "findings", "What the emergency watch found in callers' words"),
            ),
            records_lost: d.counter(about("records_lost", "records", "Turns and states that could not be written")),
        }
    }
}

impl Metrics {
    /// How many calls run and how many more there is room for.
    pub fn load(&self, live: usize, room: usize) {
        self.0.calls.live.set(whole(live));
        self.0.calls.room.set(whole(room));
    }

    /// A call ended; `talked` is zero when nobody answered.
    pub fn call_ended(&self, outcome: Outcome, reason: EndReason, talked: Duration) {
        self.0.calls.ended.of([name_of(&outcome), name_of(&reason)]).inc();
        if talked > Duration::ZERO {
            self.0.calls.length.observe(talked.as_secs_f64());
        }
    }

    /// A step on the way to a conversation took so long.
    pub fn set_up(&self, stage: SetUp, took: Duration) {
        self.0.calls.set_up.of([stage.as_str()]).observe(took.as_secs_f64());
    }

    /// From the answer to the first frame of the greeting on the wire.
    pub fn first_frame(&self, after: Duration) {
        self.0.calls.first_frame.observe(after.as_secs_f64());
    }

    /// A function call of the model came out so.
    pub fn tool(&self, name: &str, result: ToolResult) {
        self.0.calls.tools.of([tool(name), result.as_str()]).inc();
    }

    /// An alert was raised; `kind` is a word of ours, such as `model_lost`.
    pub fn alert(&self, kind: &'static str) {
        self.0.calls.alerts.of([kind]).inc();
    }

    /// The emergency watch found something; `severity` is a word of ours.
    pub fn emergency(&self, severity: &'static str) {
        self.0.calls.emergencies.of([severity]).inc();
    }

    /// So many records could not be written.
    pub fn records_lost(&self, records: u64) {
        self.0.calls.records_lost.inc_by(records);
    }
}

/// A variant as the records name it. Only for the domain's enums without values.
pub(crate) fn name_of(variant: &impl Serialize) -> Cow<'static, str> {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(name)) => name.into(),
        _ => "other".into(),
    }
}

pub(super) fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
