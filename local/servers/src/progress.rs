//! How a person learns what takes long. Callers choose: bars for people, nothing for tests.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Hears about every installation step that may take over two seconds. Steps follow each other, never overlap.
pub trait Progress: Send + Sync {
    /// A step begins; `name` is a phrase such as `making the Python environment`.
    fn begin(&self, name: &str);
    /// `done` of `total` parts of the step are finished; `part` is the one in hand.
    fn advance(&self, done: usize, total: usize, part: &str);
    /// The step is over, well or badly.
    fn end(&self);
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _: &str) {}
    fn advance(&self, _: usize, _: usize, _: &str) {}
    fn end(&self) {}
}

/// Bars and spinners on standard error; where that is no terminal, one plain line a step.
#[derive(Debug, Default)]
pub struct Terminal {
    bar: Mutex<Option<ProgressBar>>,
}

impl Terminal {
    /// Nothing is drawn before the first step.
    pub fn new() -> Self {
        Self::default()
    }

    fn with_bar(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        act(&mut self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

impl Progress for Terminal {
    fn begin(&self, name: &str) {
        if !std::io::stderr().is_terminal() {
            // A closed standard error is no reason to stop installing.
            let _ = writeln!(std::io::stderr(), "{name} ...");
            return;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style("{spinner} {prefix} {elapsed} {msg}"));
        bar.set_prefix(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        self.with_bar(|slot| *slot = Some(bar));
    }

    fn advance(&self, done: usize, total: usize, part: &str) {
        self.with_bar(|slot| {
            let Some(bar) = slot else { return };
            if bar.length().is_none() {
                bar.set_style(style("{spinner} {prefix} [{bar:30}] {pos}/{len} {elapsed} {msg}"));
            }
            bar.set_length(total as u64);
            bar.set_position(done as u64);
            bar.set_message(part.to_owned());
        });
    }

    fn end(&self) {
        self.with_bar(|slot| {
            if let Some(bar) = slot.take() {
                bar.finish_and_clear();
            }
        });
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are constants of this file")
}
