//! The figures for people and for programs, and which bars they clear.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::board::Ticks;
use crate::histogram::Histogram;
use crate::process;
use crate::run::Outcome;

/// A figure and what it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bar {
    /// What was measured.
    pub what: &'static str,
    /// The most, or the least, it may be.
    pub bar: String,
    /// What it is.
    pub measured: String,
    /// Whether that is good enough.
    pub ok: bool,
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Percentiles in milliseconds.
fn spread(histogram: &Histogram) -> Value {
    let of = |share| (ms(histogram.percentile(share)) * 100.0).round() / 100.0;
    json!({
        "n": histogram.count(), "p50": of(0.5), "p90": of(0.9), "p99": of(0.99), "p99.9": of(0.999),
        "max": (ms(histogram.longest()) * 100.0).round() / 100.0,
    })
}

/// The share that missed its tick, in percent; nothing measured counts as all.
fn missed(ticks: Ticks) -> f64 {
    let all = ticks.made + ticks.missed;
    #[expect(clippy::cast_precision_loss, reason = "counts of seconds of sound")]
    let share = if all == 0 { 1.0 } else { ticks.missed as f64 / all as f64 };
    share * 100.0
}

impl Outcome {
    /// Milliseconds of processor time for one second of one call.
    pub fn cpu(&self) -> f64 {
        let [_, _, first, last] = self.cost;
        ms(last.cpu.saturating_sub(first.cpu)) / self.call_seconds.max(0.001)
    }

    fn per_call_second(&self, count: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "no count comes near 2^52")]
        let count = count as f64;
        count / self.call_seconds.max(0.001)
    }

    /// Memory of one call in kB: idle, and at the end of the measurement.
    pub fn memory(&self) -> [f64; 2] {
        let [alone, idle, _, last] = self.cost;
        #[expect(clippy::cast_precision_loss, reason = "no process has 2^52 bytes")]
        let of = |memory: u64| memory.saturating_sub(alone.memory) as f64 / 1024.0 / f64::from(self.load.calls.max(1));
        [of(idle.memory), of(last.memory)]
    }

    /// What the bridge adds to a way: its percentile less that of the relay's.
    fn added(histogram: &Histogram, control: &Histogram, share: f64) -> Duration {
        histogram.percentile(share).saturating_sub(control.percentile(share))
    }

    /// The sum of every counter of every call, by name.
    pub fn counters(&self) -> BTreeMap<&str, u64> {
        let mut sums = BTreeMap::new();
        for came in &self.came {
            for (name, count) in came.troubles.iter().chain(&came.notes) {
                *sums.entry(name.as_str()).or_default() += count;
            }
        }
        sums
    }

    /// Everything that went wrong, in words.
    pub fn errors(&self) -> Vec<String> {
        let mut found = self.unaccounted.clone();
        if self.missing > 0 {
            found.push(format!("{} calls never ended", self.missing));
        }
        for came in &self.came {
            if came.outcome != "Answered" {
                found.push(format!("call {}: {} ({})", came.call, came.outcome, came.reason));
            }
            let wrong = came.troubles.iter().filter(|(name, count)| *count > 0 && name != "underruns");
            let wrong: Vec<_> = wrong.map(|(name, count)| format!("{name} {count}")).collect();
            if !wrong.is_empty() {
                found.push(format!("call {}: {}", came.call, wrong.join(", ")));
            }
        }
        if self.asterisk.stream.faults() > 0 {
            found.push(format!("faults in the RTP of the bridge: {:?}", self.asterisk.stream));
        }
        if self.asterisk.unsent > 0 {
            found.push(format!("{} packets were not taken by this machine", self.asterisk.unsent));
        }
        found
    }

    /// The bars, and whether they are cleared.
    pub fn bars(&self) -> Vec<Bar> {
        let figures = &self.figures;
        let at_most = |what, bar: f64, measured: f64, unit: &str, enough: bool| Bar {
            what,
            bar: format!("<= {bar} {unit}"),
            measured: if enough { format!("{measured:.2} {unit}") } else { "nothing measured".to_owned() },
            ok: enough && measured <= bar,
        };
        let none =
            |what, measured: u64| Bar { what, bar: "0".to_owned(), measured: measured.to_string(), ok: measured == 0 };
        let [idle, talking] = self.memory();
        let added = Self::added(&figures.inward, &self.control.0, 0.99);
        let [inward, outward] = self.flows;
        let some = |histogram: &Histogram| histogram.count() > 0;
        let mut bars = vec![
            at_most("CPU of a call-second", 2.5, self.cpu(), "ms", self.call_seconds > 0.0),
            at_most("memory of an idle call", 256.0, idle, "kB", true),
            at_most("memory of a talking call", 2048.0, talking, "kB", true),
            at_most("added latency inward, p99", 5.0, ms(added), "ms", some(&figures.inward)),
            at_most("pacing error, p99", 2.0, ms(figures.pacing.percentile(0.99)), "ms", some(&figures.pacing)),
            at_most(
                "barge-in to silence, p99",
                20.0,
                ms(figures.barge_in.percentile(0.99)),
                "ms",
                some(&figures.barge_in),
            ),
            none("underruns: frames of silence inside an answer", outward.faults.holes),
            none("frames of another call heard", inward.faults.foreign + outward.faults.foreign),
            none("frames lost, changed or repeated inward", inward.faults.count() - inward.faults.foreign),
            none(
                "frames lost, changed or repeated outward",
                outward.faults.lost + outward.faults.corrupt + outward.faults.repeated,
            ),
            none("frames of a cut answer", outward.faults.stale),
            none("errors", self.errors().len() as u64),
        ];
        if self.load.media == "rtp" {
            // Over a WebSocket Asterisk plays by a timer of its own, from a queue: there is no tick of ours to be late for.
            let behind = &figures.beyond_tick;
            bars.push(at_most("deltas 5 ms before a tick that miss it", 1.0, missed(figures.in_time), "%", true));
            bars.push(at_most("packet behind its tick, p99", 5.0, ms(behind.percentile(0.99)), "ms", some(behind)));
        }
        bars
    }

    /// Everything, for programs.
    pub fn json(&self) -> Value {
        let figures = &self.figures;
        let [alone, idle, first, last] = self.cost;
        let [idle_call, talking_call] = self.memory();
        json!({
            "hardware": process::hardware(),
            "calls": self.load.calls,
            "media": self.load.media,
            "seconds": self.measured.as_secs_f64(),
            "call_seconds": self.call_seconds,
            "cpu_ms_per_call_second": self.cpu(),
            "cpu_ms_per_call_second_in_kernel": ms(last.kernel.saturating_sub(first.kernel)) / self.call_seconds.max(0.001),
            "switches_per_call_second": [
                self.per_call_second(last.switches.0.saturating_sub(first.switches.0)),
                self.per_call_second(last.switches.1.saturating_sub(first.switches.1)),
            ],
            "memory_bytes": { "alone": alone.memory, "idle": idle.memory, "begin": first.memory, "end": last.memory },
            "memory_kb_per_call": { "idle": idle_call, "talking": talking_call },
            "generator_cpu_share": self.generator.as_secs_f64() / self.measured.as_secs_f64().max(0.001),
            "inward_ms": spread(&figures.inward),
            "inward_control_ms": spread(&self.control.0),
            "outward_ms": spread(&figures.outward),
            "outward_control_ms": spread(&self.control.1),
            "behind_tick_ms": spread(&figures.beyond_tick),
            "deltas_in_time": figures.in_time,
            "deltas_close": figures.close,
            "pacing_error_ms": spread(&figures.pacing),
            "barge_in_ms": spread(&figures.barge_in),
            "first_packet_ms": spread(&figures.first_packet),
            "sound": { "inward": self.flows[0], "outward": self.flows[1] },
            "rtp": self.asterisk,
            "counters": self.counters(),
            "errors": self.errors(),
            "bars": self.bars(),
        })
    }

    /// Everything, for people.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{}\n{} calls, {:.0} s, {:.0} call-seconds; the generator took {:.0} % of a core\n\n",
            process::hardware(),
            self.load.calls,
            self.measured.as_secs_f64(),
            self.call_seconds,
            100.0 * self.generator.as_secs_f64() / self.measured.as_secs_f64().max(0.001),
        );
        let mut row = |name: &str, histogram: &Histogram| {
            let of = |share| ms(histogram.percentile(share));
            let _ = writeln!(
                text,
                "{name:<34}{:>9}{:>9.2}{:>9.2}{:>9.2}{:>9.2}",
                histogram.count(),
                of(0.5),
                of(0.99),
                of(0.999),
                ms(histogram.longest()),
            );
        };
        let figures = &self.figures;
        row("telephone to model, ms", &figures.inward);
        row("  the same without a bridge", &self.control.0);
        row("model to telephone, tick included", &figures.outward);
        row("  the same without a bridge", &self.control.1);
        row("packet behind its tick", &figures.beyond_tick);
        row("pacing error", &figures.pacing);
        row("barge-in to silence", &figures.barge_in);
        row("answer to first packet", &figures.first_packet);
        text.insert_str(
            text.find("telephone to model").unwrap_or(0),
            &format!("{:<34}{:>9}{:>9}{:>9}{:>9}{:>9}\n", "", "n", "p50", "p99", "p99.9", "max"),
        );
        let _ = writeln!(text, "\n{:<44}{:>12}{:>18}", "bar", "wanted", "measured");
        for bar in self.bars() {
            let verdict = if bar.ok { "ok" } else { "MISSED" };
            let _ = writeln!(text, "{:<44}{:>12}{:>18}  {verdict}", bar.what, bar.bar, bar.measured);
        }
        for error in self.errors().iter().take(10) {
            let _ = writeln!(text, "  {error}");
        }
        text
    }
}
