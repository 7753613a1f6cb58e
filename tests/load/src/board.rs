//! What is measured, by everybody who measures.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::histogram::Histogram;
use crate::sound::{Clock, FRAME_TIME};

/// A delta must reach the bridge this long before a tick for the tick to be its own: the bar of the added latency.
pub const MARGIN: Duration = Duration::from_millis(5);

/// Sound that did not come as it was sent. Everything but `made_up` is a fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// Frames of another call.
    pub foreign: u64,
    /// Frames of which a bit is wrong.
    pub corrupt: u64,
    /// Frames that are missing between two that came.
    pub lost: u64,
    /// Frames that came again, or late.
    pub repeated: u64,
    /// Frames of an answer that the caller had cut, more than a tick after the cut.
    pub stale: u64,
    /// Of an answer: silence in the middle of it, although the model had sent the rest (an underrun as it is heard).
    pub holes: u64,
    /// Comfort noise, silence and concealment: sound of the bridge's own.
    pub made_up: u64,
}

impl Faults {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.foreign + self.corrupt + self.lost + self.repeated + self.stale + self.holes
    }

    fn add(&mut self, other: &Self) {
        self.foreign += other.foreign;
        self.corrupt += other.corrupt;
        self.lost += other.lost;
        self.repeated += other.repeated;
        self.stale += other.stale;
        self.holes += other.holes;
        self.made_up += other.made_up;
    }
}

/// One way of one call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// Frames that came as they were sent.
    pub intact: u64,
    /// What went wrong.
    pub faults: Faults,
}

/// How an answer of the model was cut.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// The answer.
    pub answer: u32,
    /// When the model said that the caller speaks.
    pub at: Instant,
}

/// One call, as both of its ends see it.
#[derive(Debug, Default)]
pub struct Call {
    /// Frames that the telephone gave to the network.
    pub said: AtomicU32,
    /// From the telephone to the model.
    pub inward: Mutex<Flow>,
    /// Number of the first frame the model heard, and of the last.
    pub ends: Mutex<Option<(u32, u32)>>,
    /// Frames appended, whatever is in them: the model's clock.
    pub appended: AtomicU64,
    /// From the model to the telephone.
    pub outward: Mutex<Flow>,
    /// The latest cut.
    pub cut: Mutex<Option<Cut>>,
    /// Answers of the model that were heard.
    pub answers: AtomicU32,
}

/// Locks, also what a panic has left locked: it is still the truth.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Deltas that reached the bridge a certain time before a tick: did they make it?
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Ticks {
    /// They sounded with that tick.
    pub made: u64,
    /// They sounded with a later one.
    pub missed: u64,
}

/// Durations and their like, over all calls.
#[derive(Default, Clone)]
pub struct Figures {
    /// From the telephone's packet to the model's message.
    pub inward: Histogram,
    /// From the first delta of an answer to its first packet, the wait for the tick included.
    pub outward: Histogram,
    /// How much later than its tick the first packet came.
    pub beyond_tick: Histogram,
    /// First deltas that came at least [`MARGIN`] before a tick, and those that came later.
    pub in_time: Ticks,
    /// The same for those with less time.
    pub close: Ticks,
    /// How far the time between two packets is from 20 ms.
    pub pacing: Histogram,
    /// From "the caller speaks" to the last packet of the answer.
    pub barge_in: Histogram,
    /// From the answered telephone to the first packet, whatever it holds.
    pub first_packet: Histogram,
}

/// Everything that is measured.
pub struct Board {
    /// The one clock.
    pub clock: Clock,
    /// Durations count only while this is set: neither while calls are made, nor while they end.
    pub measuring: AtomicBool,
    /// People talk only while this is set.
    pub talking: AtomicBool,
    /// Everybody hangs up, also who has not picked up yet.
    pub closing: AtomicBool,
    /// Telephones that are joined with the bridge.
    pub live: AtomicU64,
    calls: Mutex<HashMap<u32, Arc<Call>>>,
    figures: Mutex<Figures>,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            clock: Clock::start(),
            measuring: AtomicBool::new(false),
            talking: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            live: AtomicU64::new(0),
            calls: Mutex::default(),
            figures: Mutex::default(),
        }
    }
}

impl Board {
    /// A call, known or new.
    pub fn call(&self, number: u32) -> Arc<Call> {
        Arc::clone(lock(&self.calls).entry(number).or_default())
    }

    /// All calls, by number.
    pub fn calls(&self) -> Vec<(u32, Arc<Call>)> {
        let mut calls: Vec<_> = lock(&self.calls).iter().map(|(number, call)| (*number, Arc::clone(call))).collect();
        calls.sort_by_key(|(number, _)| *number);
        calls
    }

    /// Adds to the figures, when it counts.
    pub fn measure(&self, add: impl FnOnce(&mut Figures)) {
        if self.measuring.load(Ordering::Relaxed) {
            add(&mut lock(&self.figures));
        }
    }

    /// The figures as they are now.
    pub fn figures(&self) -> Figures {
        lock(&self.figures).clone()
    }

    /// Sound of all calls: inward, outward.
    pub fn flows(&self) -> [Flow; 2] {
        let mut flows = [Flow::default(); 2];
        for (_, call) in self.calls() {
            for (sum, flow) in flows.iter_mut().zip([*lock(&call.inward), *lock(&call.outward)]) {
                sum.intact += flow.intact;
                sum.faults.add(&flow.faults);
            }
        }
        flows
    }
}

/// Judges the first packet of an answer: `sent` is when its delta was given to the network, `before` and `at` when the
/// packet before it and its own arrived.
pub fn first_packet(figures: &mut Figures, sent: Instant, before: Instant, at: Instant) {
    figures.outward.add(at.saturating_duration_since(sent));
    if let Some(slack) = at.checked_duration_since(sent).filter(|_| sent >= before) {
        // No tick has passed in between: its own is this one.
        let class = if slack >= MARGIN { &mut figures.in_time } else { &mut figures.close };
        class.made += 1;
        figures.beyond_tick.add(at.saturating_duration_since(before).saturating_sub(FRAME_TIME));
        return;
    }
    // The first tick after it went out without it: how long before was it sent?
    let behind = before.saturating_duration_since(sent);
    let slack = Duration::from_micros(u64::try_from(behind.as_micros() % FRAME_TIME.as_micros()).unwrap_or(0));
    let class = if slack >= MARGIN { &mut figures.in_time } else { &mut figures.close };
    class.missed += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delta_makes_its_tick_or_misses_it() {
        let (start, ms) = (Instant::now(), Duration::from_millis(1));
        let judged = |sent: u32, before: u32, at: u32| {
            let mut figures = Figures::default();
            first_packet(&mut figures, start + ms * sent, start + ms * before, start + ms * at);
            (figures.in_time, figures.close)
        };
        let (made, missed, none) = (Ticks { made: 1, missed: 0 }, Ticks { made: 0, missed: 1 }, Ticks::default());
        assert_eq!(judged(110, 100, 120), (made, none));
        assert_eq!(judged(118, 100, 120), (none, made));
        assert_eq!(judged(98, 100, 120), (none, missed), "2 ms were too few");
        assert_eq!(judged(90, 100, 120), (missed, none), "10 ms were enough");
        assert_eq!(judged(70, 100, 120), (missed, none), "and so were these");
    }
}
