//! What watches a call from outside: measures, the trace, the recording and the timeline. It sees every
//! input and output of the session and changes none.

mod line;
mod measures;
mod timeline;

use std::time::{Duration, Instant};

use domain::alerts::AlertKind;

pub use self::timeline::{Entry, Timeline};

use self::line::Line;
use self::measures::Measures;
use crate::driver::CallEnd;
use crate::metrics::Metrics;
use crate::recording::Recorder;
use crate::session::{Input, Output, Outputs, Plan, Record, Stats, Work};
use crate::telemetry::{CallTrace, Telemetry};
use crate::telephony::leg::{LegStats, Stamp};
use crate::trace::Tracer;

/// How often a running call's counters are added to the metrics.
const COUNTED_EVERY: Duration = Duration::from_secs(5);

/// Watches one call.
pub struct Observer {
    metrics: Metrics,
    measures: Measures,
    line: Line,
    /// The most sound of the model that waited at once.
    queue_peak: Duration,
    recorder: Option<Recorder>,
    tracer: Option<Tracer>,
    timeline: Timeline,
    counted_at: Option<Instant>,
    /// How long answers took, in ms.
    answers: Vec<u32>,
    turns: u32,
}

impl Observer {
    /// Watches a call that was `taken` then and has its telephone now.
    pub fn new(metrics: Metrics, spans: CallTrace, plan: &Plan, taken: Instant) -> Self {
        Self {
            measures: Measures::new(metrics.clone(), spans, plan, taken),
            metrics,
            line: Line::new(),
            queue_peak: Duration::ZERO,
            recorder: None,
            tracer: None,
            timeline: Timeline::new(taken),
            counted_at: None,
            answers: Vec::new(),
            turns: 0,
        }
    }

    /// One whose observations nobody reads.
    pub fn blind(plan: &Plan) -> Self {
        Self::new(Metrics::new(), Telemetry::off().call("", ""), plan, Instant::now())
    }

    /// Also writes down everything, to be replayed.
    #[must_use]
    pub fn with_tracer(self, tracer: Option<Tracer>) -> Self {
        Self { tracer, ..self }
    }

    /// Also records the sound.
    #[must_use]
    pub fn with_recorder(self, recorder: Option<Recorder>) -> Self {
        Self { recorder, ..self }
    }

    /// The timeline, which grows as the call goes on.
    pub fn timeline(&self) -> Timeline {
        self.timeline.clone()
    }

    /// The call begins.
    pub fn start(&mut self, now: Instant, outputs: &Outputs) {
        if let Some(tracer) = &mut self.tracer {
            tracer.start(now, outputs);
        }
        self.timeline.note(now, "begun", "");
    }

    /// The session is about to be woken at `now`; it had asked for `due`.
    pub fn woken(&mut self, due: Option<Instant>, now: Instant) {
        self.measures.woken(due, now);
    }

    /// This is about to be handed to the session; it happened at `now`.
    pub fn input(&mut self, now: Instant, input: &Input) {
        self.measures.input(now, input);
        self.timeline.input(now, input);
        if let (Some(recorder), Input::Caller(sound) | Input::Filled(sound)) = (&mut self.recorder, input) {
            recorder.caller(now, sound);
        }
    }

    /// Whether inputs have to be kept for [`Observer::step`].
    pub fn keeps_inputs(&self) -> bool {
        self.tracer.is_some()
    }

    /// An input was handled, and this followed.
    pub fn step(&mut self, now: Instant, input: &Input, outputs: &Outputs) {
        if let Some(tracer) = &mut self.tracer {
            tracer.step(now, input, outputs);
        }
    }

    /// This was asked for by the session.
    pub fn output(&mut self, now: Instant, output: &Output) {
        self.measures.output(now, output);
        self.timeline.output(now, output);
        match output {
            Output::Play(play) => {
                if let Some(recorder) = &mut self.recorder {
                    recorder.bianca(now, &play.frame, play.skipped);
                }
            }
            Output::Persist(Record::Answered(latency)) => self.answers.push(latency.total()),
            Output::Persist(Record::Turn(turn)) if turn.complete => self.turns += 1,
            Output::Persist(Record::Tool { name, result }) => self.measures.tool(now, name, *result),
            Output::Run(task) => {
                if let Work::Alert { kind, severity, .. } = &task.work {
                    self.metrics.alert(kind.as_str());
                    if *kind == AlertKind::Emergency {
                        self.metrics.emergency(severity.as_str());
                    }
                }
            }
            _ => {}
        }
    }

    /// Sound of the caller was handed in, whose newest packet is this; `queued` of the model's waits.
    pub fn heard(&mut self, stamp: Option<Stamp>, queued: Duration) {
        if let Some(stamp) = stamp {
            self.line.packet(stamp);
        }
        self.queue_peak = self.queue_peak.max(queued);
    }

    /// Whether the counters of the call are due.
    pub fn counts(&mut self, now: Instant) -> bool {
        let due = self.counted_at.is_none_or(|at| now.saturating_duration_since(at) >= COUNTED_EVERY);
        if due {
            self.counted_at = Some(now);
        }
        due
    }

    /// What was counted until now; may be told as often as wanted.
    pub fn counted(&mut self, session: Stats, leg: LegStats) {
        self.measures.counted(session, leg);
    }

    /// The call is over. Dropping the recorder ends the recording.
    pub fn end(mut self, end: &CallEnd) -> Summary {
        self.answers.sort_unstable();
        let percentile = |percent: usize| {
            let last = self.answers.len().checked_sub(1)?;
            self.answers.get(last * percent / 100).copied()
        };
        let summary = Summary { turns: self.turns, response_ms_p50: percentile(50), response_ms_p95: percentile(95) };
        if let Some((jitter, ppm)) = self.line.measured() {
            self.metrics.line(jitter, ppm);
        }
        self.metrics.queue_peak(self.queue_peak);
        self.measures.finish(end);
        summary
    }
}

/// What a call was like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Turns that were completed.
    pub turns: u32,
    /// Milliseconds from the caller's last sound to the answer's first, in the middle.
    pub response_ms_p50: Option<u32>,
    /// The same for the slowest one in twenty.
    pub response_ms_p95: Option<u32>,
}
