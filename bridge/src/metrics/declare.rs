//! Metrics are declared once; the declaration is what is served and what the table is made of.

use std::borrow::Cow;
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

/// What every name begins with.
const PREFIX: &str = "bridge_";

/// A counter of something that is no whole number.
pub(super) type Sum = Counter<f64, AtomicU64>;

/// Values of the labels of one time series. They come from enums and literals, never from a call.
type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    name: &'static str,
    kind: &'static str,
    labels: &'static [&'static str],
    /// Values of the only label, as far as they are known from the start.
    values: &'static [&'static str],
    unit: &'static str,
    meaning: &'static str,
}

/// What a metric is called and means. `name` is without prefix and without the `_total` that
/// Prometheus puts behind counters; `meaning` is a phrase without a full stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) meaning: &'static str,
}

pub(super) const fn about(name: &'static str, unit: &'static str, meaning: &'static str) -> About {
    About { name, unit, meaning }
}

/// A twentieth of a second to half a minute: what people wait for.
pub(super) const WAITS: &[f64] = &[0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0];
/// Tenths of a millisecond to a quarter of a second: what this program may add.
pub(super) const ADDED: &[f64] = &[0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25];

/// Takes declarations.
#[derive(Debug)]
pub(super) struct Declare {
    pub(super) registry: Registry,
    pub(super) rows: Vec<Row>,
}

impl Declare {
    pub(super) fn new() -> Self {
        Self { registry: Registry::default(), rows: Vec::new() }
    }

    pub(super) fn counter(&mut self, about: About) -> Counter {
        self.add("counter", &[], about, Counter::default())
    }

    pub(super) fn sum(&mut self, about: About) -> Sum {
        self.add("counter", &[], about, Sum::default())
    }

    pub(super) fn gauge(&mut self, about: About) -> Gauge {
        self.add("gauge", &[], about, Gauge::default())
    }

    pub(super) fn histogram(&mut self, buckets: &'static [f64], about: About) -> Histogram {
        self.add("histogram", &[], about, Buckets(buckets).new_metric())
    }

    /// Counters by two labels; they come into being when they first count.
    pub(super) fn counters(&mut self, labels: &'static [&'static str; 2], about: About) -> Many<2, Counter> {
        let family = self.add("counter", labels, about, Family::default());
        Many { labels, family }
    }

    /// Counters by one label. Those of the known `values` are there from the start: a rate over a
    /// counter that only appears with its first event misses that event.
    pub(super) fn counters_of(
        &mut self,
        label: &'static [&'static str; 1],
        values: &'static [&'static str],
        about: About,
    ) -> Many<1, Counter> {
        let family = self.add("counter", label, about, Family::default());
        self.known(Many { labels: label, family }, values)
    }

    /// Gauges by one label with known values.
    pub(super) fn gauges_of(
        &mut self,
        label: &'static [&'static str; 1],
        values: &'static [&'static str],
        about: About,
    ) -> Many<1, Gauge> {
        let family = self.add("gauge", label, about, Family::default());
        self.known(Many { labels: label, family }, values)
    }

    /// Histograms by one label with known values.
    pub(super) fn histograms_of(
        &mut self,
        label: &'static [&'static str; 1],
        values: &'static [&'static str],
        buckets: &'static [f64],
        about: About,
    ) -> Many<1, Histogram, Buckets> {
        let family = self.add("histogram", label, about, Family::new_with_constructor(Buckets(buckets)));
        self.known(Many { labels: label, family }, values)
    }

    fn known<M: Clone, C: MetricConstructor<M>>(
        &mut self,
        many: Many<1, M, C>,
        values: &'static [&'static str],
    ) -> Many<1, M, C> {
        for value in values {
            many.of([*value]);
        }
        if let Some(row) = self.rows.last_mut() {
            row.values = values;
        }
        many
    }

    fn add<M: Metric + Clone>(
        &mut self,
        kind: &'static str,
        labels: &'static [&'static str],
        about: About,
        metric: M,
    ) -> M {
        let About { name, unit, meaning } = about;
        self.registry.register(format!("{PREFIX}{name}"), meaning, metric.clone());
        self.rows.push(Row { name, kind, labels, values: &[], unit, meaning });
        metric
    }
}

/// One metric for each combination of label values.
#[derive(Debug, Clone)]
pub(super) struct Many<const N: usize, M, C = fn() -> M> {
    labels: &'static [&'static str; N],
    family: Family<Labels<N>, M, C>,
}

impl<const N: usize, M: Clone, C: MetricConstructor<M>> Many<N, M, C> {
    /// The one with these values; keep it where it is asked for often.
    pub(super) fn of(&self, values: [impl Into<Cow<'static, str>>; N]) -> M {
        let mut names = self.labels.iter();
        let labels = values.map(|value| (names.next().copied().unwrap_or_default(), value.into()));
        self.family.get_or_create_owned(&labels)
    }
}

/// Makes histograms with these upper bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// The document about all metrics.
pub(super) fn markdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "# Metrics of the bridge\n\nServed at `/metrics` of `BRIDGE_HEALTH_ADDR` in the text format of Prometheus, version 0.0.4. \
         Labels hold\nvalues from short, fixed lists: never an id, a number or a name. What the figures mean for \
         operation is in\n[operations](operations.md#metrics).\n\nThis file is written by \
         `cargo run -p bridge -- --metrics-table > docs/metrics.md`; a test compares the two.\n\n\
         | name | type | labels | unit | meaning |\n|---|---|---|---|---|\n",
    );
    for row in rows {
        let suffix = if row.kind == "counter" { "_total" } else { "" };
        let quoted = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let values = if row.values.is_empty() { String::new() } else { format!(": {}", quoted(row.values)) };
        text.push_str(&format!(
            "| `{PREFIX}{}{suffix}` | {} | {} | {} | {} |\n",
            row.name,
            row.kind,
            quoted(row.labels) + &values,
            row.unit,
            row.meaning
        ));
    }
    text
}
