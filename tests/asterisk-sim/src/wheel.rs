//! One clock for all telephones: a thread that wakes when the next one is due.
//!
//! Each telephone keeps an absolute schedule of 20 ms from its answer on. A thread and not a task, because a task
//! would wait for the timer of the runtime, which counts whole milliseconds.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::line::Line;

/// How long a frame lasts.
const FRAME: Duration = Duration::from_millis(20);

/// Rests when there is no telephone.
const REST: Duration = Duration::from_mins(1);

/// Hands telephones to the thread. The thread ends when this is gone.
#[derive(Debug)]
pub(crate) struct Wheel(Sender<(Instant, Arc<Line>)>);

impl Wheel {
    /// Starts the thread.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel::<(Instant, Arc<Line>)>();
        thread::Builder::new().name("telephones".to_owned()).spawn(move || {
            let mut lines: Vec<Option<Arc<Line>>> = Vec::new();
            let mut free: Vec<usize> = Vec::new();
            let mut due: BinaryHeap<Reverse<(Instant, usize)>> = BinaryHeap::new();
            loop {
                let rest = due.peek().map_or(REST, |Reverse((at, _))| at.saturating_duration_since(Instant::now()));
                match receiver.recv_timeout(rest) {
                    Ok((at, line)) => {
                        let place = free.pop().unwrap_or_else(|| {
                            lines.push(None);
                            lines.len() - 1
                        });
                        lines[place] = Some(line);
                        due.push(Reverse((at, place)));
                        continue;
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
                while let Some(Reverse((at, place))) =
                    due.peek().copied().filter(|Reverse((at, _))| *at <= Instant::now())
                {
                    due.pop();
                    if lines[place].as_ref().is_some_and(|line| line.tick()) {
                        due.push(Reverse((at + FRAME, place)));
                    } else {
                        lines[place] = None;
                        free.push(place);
                    }
                }
            }
        })?;
        Ok(Self(sender))
    }

    /// From `start` on, every 20 ms, until the line is over.
    pub(crate) fn turn(&self, line: Arc<Line>, start: Instant) {
        // Only fails when the thread is gone, and then nobody is to be heard any more.
        self.0.send((start, line)).ok();
    }
}
