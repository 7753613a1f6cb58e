//! Keys pressed by us.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::super::ari::Ari;

/// What a `,` is worth.
const PAUSE: Duration = Duration::from_millis(500);

/// A tone lasts as long as the quiet after it; shorter ones are not understood everywhere.
const TONE: Duration = Duration::from_millis(100);

/// Times [`Keypad::press`] may be ahead of the telephone.
const WAITING: usize = 16;

/// Presses keys one after the other, in a task of its own.
pub(super) struct Keypad {
    waiting: Option<mpsc::Sender<Vec<Stroke>>>,
    failed: Arc<AtomicU64>,
}

/// Keys without a pause between them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stroke {
    before: Duration,
    keys: String,
}

impl Keypad {
    pub(super) fn new() -> Self {
        Self { waiting: None, failed: Arc::default() }
    }

    /// Keys that could not be pressed.
    pub(super) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    pub(super) fn press(&mut self, ari: &Ari, channel: &str, keys: &str) {
        let (strokes, refused) = strokes(keys);
        let mut failed = refused;
        let waiting = self.waiting.get_or_insert_with(|| {
            let (sender, receiver) = mpsc::channel(WAITING);
            tokio::spawn(work(ari.clone(), channel.to_owned(), receiver, Arc::clone(&self.failed)));
            sender
        });
        if let Err(error) = waiting.try_send(strokes) {
            failed += error.into_inner().iter().map(|stroke| stroke.keys.len() as u64).sum::<u64>();
        }
        self.failed.fetch_add(failed, Ordering::Relaxed);
    }

    /// Nothing more will be pressed; what waits is not.
    pub(super) fn close(&mut self) {
        self.waiting = None;
    }
}

async fn work(ari: Ari, channel: String, mut waiting: mpsc::Receiver<Vec<Stroke>>, failed: Arc<AtomicU64>) {
    let path = format!("channels/{channel}/dtmf");
    let tone = TONE.as_millis().to_string();
    while let Some(strokes) = waiting.recv().await {
        for Stroke { before, keys } in strokes {
            sleep(before).await;
            if waiting.is_closed() {
                return;
            }
            if keys.is_empty() {
                continue;
            }
            let query = [("dtmf", keys.as_str()), ("between", &tone), ("duration", &tone)];
            if let Err(error) = ari.post(&path, &query).await {
                tracing::warn!(%error, "keys could not be pressed");
                failed.fetch_add(keys.len() as u64, Ordering::Relaxed);
            }
            // Asterisk answers before the tones are over.
            sleep(2 * TONE * u32::try_from(keys.len()).unwrap_or(0)).await;
        }
    }
}

/// What is to be pressed when, and how much of it is no key.
fn strokes(keys: &str) -> (Vec<Stroke>, u64) {
    let mut refused = 0;
    let mut strokes = vec![Stroke { before: Duration::ZERO, keys: String::new() }];
    for key in keys.chars() {
        let Some(last) = strokes.last_mut() else { break };
        match key.to_ascii_uppercase() {
            ',' if last.keys.is_empty() => last.before += PAUSE,
            ',' => strokes.push(Stroke { before: PAUSE, keys: String::new() }),
            key @ ('0'..='9' | '*' | '#' | 'A'..='D') => last.keys.push(key),
            _ => refused += 1,
        }
    }
    (strokes, refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stroke(before: u64, keys: &str) -> Stroke {
        Stroke { before: Duration::from_millis(before), keys: keys.to_owned() }
    }

    #[test]
    fn commas_are_pauses_and_what_is_no_key_is_refused() {
        assert_eq!(strokes("12,,3#"), (vec![stroke(0, "12"), stroke(1000, "3#")], 0));
        assert_eq!(strokes(",*d"), (vec![stroke(500, "*D")], 0));
        assert_eq!(strokes("1x 2é"), (vec![stroke(0, "12")], 3));
        assert_eq!(strokes("9,"), (vec![stroke(0, "9"), stroke(500, "")], 0));
        assert_eq!(strokes(""), (vec![stroke(0, "")], 0));
    }
}
