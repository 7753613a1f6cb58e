//! Tells those who watch a call that it went on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::live::News;
use services::{CallCtx, live};
use tokio::sync::Notify;

/// How often at most: what happens meanwhile is told together, and the whole way to a screen stays below a second.
const AT_MOST: Duration = Duration::from_millis(250);

/// What a call has to tell to those who watch. Nothing while nobody does, for there is something with every word.
#[derive(Clone, Default)]
pub(crate) struct Herald {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    watched: AtomicBool,
    news: Notify,
}

impl Herald {
    /// The call went on.
    pub(crate) fn went_on(&self) {
        if self.shared.watched.load(Ordering::Relaxed) {
            self.shared.news.notify_one();
        }
    }

    /// Whether somebody watches. Whoever begins to is told at once how things stand.
    pub(crate) fn watched(&self, watched: bool) {
        if !self.shared.watched.swap(watched, Ordering::Relaxed) {
            self.went_on();
        }
    }

    /// Tells, until it is dropped.
    pub(crate) async fn run(self, ctx: CallCtx, news: News) {
        loop {
            self.shared.news.notified().await;
            live::announce(&ctx, news).await;
            tokio::time::sleep(AT_MOST).await;
        }
    }
}
