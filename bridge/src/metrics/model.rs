//! Metrics of the model: connections, the breaker of its key, tokens, money.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use super::declare::{Declare, Many, Sum, WAITS, about};
use super::labels::Breaker;
use super::{Metrics, class};
use crate::realtime::event::Usage;
use crate::realtime::failure::Failure;

/// Of attempts to connect: what [`class`] gives, and success.
const CONNECTIONS: &[&str] = &[
    "created", "key", "money", "account", "model", "refused", "timeout", "busy", "server", "expired", "closed",
    "network", "other",
];

#[derive(Debug)]
pub(super) struct Model {
    connections: Many<1, Counter>,
    connecting: Histogram,
    reconnects: Many<1, Counter>,
    breaker: Many<1, Gauge>,
    refused: Counter,
    tokens: Many<1, Counter>,
    cost: Sum,
}

impl Model {
    pub(super) fn declare(d: &mut Declare) -> Self {
        let model = Self {
            connections: d.counters_of(
                &["result"],
                CONNECTIONS,
                about(
                    "model_connections",
                    "attempts",
                    "Attempts to open a session with the model: `created`, or what came in between. After `key`, \
                     `money`, `account`, `model`, `refused` trying again is of no use",
                ),
            ),
            connecting: d.histogram(
                WAITS,
                about("model_connect_seconds", "seconds", "From asking for a socket to the model's `session.created`"),
            ),
            reconnects: d.counters_of(
                &["class"],
                &CONNECTIONS[1..],
                about("model_reconnects", "losses", "Connections that running calls lost, and why"),
            ),
            breaker: d.gauges_of(
                &["state"],
                &["closed", "open", "half_open"],
                about("breaker_state", "0 or 1", "The circuit breaker of the model's key: one of them is 1"),
            ),
            refused: d.counter(about(
                "breaker_refused",
                "attempts",
                "Attempts that the open breaker answered in the model's place",
            )),
            tokens: d.counters_of(
                &["kind"],
                &["input_text", "input_audio", "input_cached", "output_text", "output_audio"],
                about(
                    "tokens",
                    "tokens",
                    "Tokens of the model; `input_cached` are those of the two other inputs that cost less",
                ),
            ),
            cost: d.sum(about("cost_usd", "US dollars", "What the model's tokens cost by our price list")),
        };
        model.show(Breaker::Closed);
        model
    }

    fn show(&self, now: Breaker) {
        for state in Breaker::ALL {
            self.breaker.of([state.as_str()]).set((state == now).into());
        }
    }
}

impl Metrics {
    /// A session with the model began so long after it was asked for.
    pub fn model_connected(&self, after: Duration) {
        self.0.model.connections.of(["created"]).inc();
        self.0.model.connecting.observe(after.as_secs_f64());
    }

    /// A session with the model could not be had.
    pub fn model_refused(&self, failure: &Failure) {
        self.0.model.connections.of([class(failure)]).inc();
    }

    /// A call lost its session with the model and opens another.
    pub fn reconnected(&self, after: &Failure) {
        self.0.model.reconnects.of([class(after)]).inc();
    }

    /// The breaker of the model's key is now so.
    pub fn breaker(&self, state: Breaker) {
        self.0.model.show(state);
    }

    /// The breaker did not let an attempt through.
    pub fn breaker_refused(&self) {
        self.0.model.refused.inc();
    }

    /// Tokens that were used; cached ones are part of the inputs.
    pub fn usage(&self, usage: &Usage) {
        let (input, output) = (usage.input_token_details, usage.output_token_details);
        for (kind, tokens) in [
            ("input_text", input.text_tokens),
            ("input_audio", input.audio_tokens),
            ("input_cached", input.cached_tokens),
            ("output_text", output.text_tokens),
            ("output_audio", output.audio_tokens),
        ] {
            self.0.model.tokens.of([kind]).inc_by(tokens);
        }
    }

    /// What that cost, in US dollars.
    pub fn cost(&self, usd: f64) {
        // A counter cannot go down, and a price list that gives nonsense shall not stop it.
        if usd.is_finite() && usd > 0.0 {
            self.0.model.cost.inc_by(usd);
        }
    }
}
