//! What happened in calls, for whoever looks into one: those that run, and the latest that ended.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::observer::{Entry, Timeline};

/// Calls remembered.
const REMEMBERED: usize = 200;

/// Timelines by call. A clone holds the same.
#[derive(Clone, Default)]
pub(crate) struct Timelines(Arc<Mutex<VecDeque<(String, Timeline)>>>);

impl Timelines {
    /// Remembers the timeline of a call, which goes on growing.
    pub(crate) fn keep(&self, call: &str, timeline: Timeline) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == REMEMBERED {
            all.pop_front();
        }
        all.push_back((call.to_owned(), timeline));
    }

    /// What happened in a call so far; `None` when it is not known here (any more).
    pub(crate) fn of(&self, call: &str) -> Option<Vec<Entry>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().rev().find(|(id, _)| id == call).map(|(_, timeline)| timeline.entries())
    }
}
