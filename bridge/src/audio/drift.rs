//! How much faster or slower the caller's clock runs than ours.
//!
//! Every packet says when it was made (its RTP timestamp) and arrives when it arrives. How late the
//! middle one of each second is, is one point; the slope through the points is the drift. Medians in both
//! places, so that neither single late packets nor ten bad seconds matter (the second one is Theil's and
//! Sen's).
//!
//! What follows from a drift: nothing, as long as nobody adds or takes away samples. What comes in is
//! handed to the model as it comes, by count and not by clock, so nothing grows. What goes out follows
//! our clock; the far end's buffer starts anew after each pause in speech, and between two pauses of a
//! minute 300 ppm are 18 ms. A figure over 500 ppm means a wrong clock rate somewhere.

use std::time::{Duration, Instant};

use super::frame::SAMPLE_RATE;

/// Points that are kept. When there are more, every two become one, and from then on a point is made of
/// twice as many seconds, so that the memory does not grow with the call.
const POINTS: usize = 64;
/// Packets of a second that are looked at; more would be a flood.
const PACKETS: usize = 128;
/// No figure is given before this much has been heard.
const ENOUGH: Duration = Duration::from_secs(30);
/// Timestamps that jump this far away from the clock, in seconds, belong to a new stream.
const JUMP: f64 = 5.0;

/// Compares the two clocks of one call.
#[derive(Debug)]
pub struct Drift {
    start: Option<(Instant, u32)>,
    /// Timestamp of the last packet, in samples since the first, beyond 32 bits.
    samples: i64,
    /// How late the packets of the present second are.
    second: Vec<f64>,
    /// Which second that is, since the first packet.
    number: f64,
    /// Seconds that are not yet a point.
    open: Vec<Point>,
    points: Vec<Point>,
    /// Seconds that make a point.
    seconds: usize,
}

/// Some seconds of packets.
#[derive(Debug, Clone, Copy)]
struct Point {
    /// When they were made by the caller's clock, in seconds since the first packet.
    made: f64,
    /// How much later than that they arrived by ours, in seconds. Negative when the caller's clock is fast.
    late: f64,
}

impl Default for Drift {
    fn default() -> Self {
        Self::new()
    }
}

impl Drift {
    /// Nothing heard yet.
    pub fn new() -> Self {
        Self {
            start: None,
            samples: 0,
            second: Vec::with_capacity(PACKETS),
            number: 0.0,
            open: Vec::new(),
            points: Vec::with_capacity(POINTS),
            seconds: 1,
        }
    }

    /// A packet of 8 kHz sound arrived.
    pub fn push(&mut self, arrival: Instant, rtp_timestamp: u32) {
        let Some((began, first)) = self.start else { return self.restart(arrival, rtp_timestamp) };
        // Wraps around every six days, and random at the beginning: only differences count.
        let before = u32::try_from(self.samples.rem_euclid(1 << 32)).unwrap_or(0);
        let step = rtp_timestamp.wrapping_sub(first).wrapping_sub(before);
        self.samples += i64::from(step.cast_signed());
        #[expect(clippy::cast_precision_loss, reason = "2^52 samples are 17,000 years")]
        let made = self.samples as f64 / SAMPLE_RATE as f64;
        let late = arrival.saturating_duration_since(began).as_secs_f64() - made;
        if self.second.last().is_some_and(|before| (late - before).abs() > JUMP) {
            return self.restart(arrival, rtp_timestamp);
        }
        if made.floor() > self.number {
            self.finish_second();
            self.number = made.floor();
        }
        if self.second.len() < PACKETS {
            self.second.push(late);
        }
    }

    /// By how many millionths the caller's clock is faster than ours (negative: slower); `None` for the
    /// first half minute. Within 20 of the truth after a minute.
    pub fn ppm(&self) -> Option<f64> {
        let (first, last) = (self.points.first()?, self.points.last()?);
        if last.made - first.made < ENOUGH.as_secs_f64() {
            return None;
        }
        let mut slopes: Vec<f64> = self
            .points
            .iter()
            .enumerate()
            .flat_map(|(n, a)| self.points[n + 1..].iter().map(move |b| (b.late - a.late) / (b.made - a.made)))
            .collect();
        median(&mut slopes).map(|slope| -slope * 1e6)
    }

    fn restart(&mut self, arrival: Instant, rtp_timestamp: u32) {
        *self = Self::new();
        self.start = Some((arrival, rtp_timestamp));
        self.second.push(0.0);
    }

    fn finish_second(&mut self) {
        if let Some(late) = median(&mut self.second) {
            self.open.push(Point { made: self.number, late });
        }
        self.second.clear();
        if self.open.len() < self.seconds {
            return;
        }
        self.points.extend(mean(&self.open));
        self.open.clear();
        if self.points.len() == POINTS {
            self.points = self.points.chunks(2).filter_map(mean).collect();
            self.seconds *= 2;
        }
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    Some(*values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

fn mean(points: &[Point]) -> Option<Point> {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
    let count = points.len() as f64;
    let sum = points.iter().copied().reduce(|a, b| Point { made: a.made + b.made, late: a.late + b.late })?;
    Some(Point { made: sum.made / count, late: sum.late / count })
}
