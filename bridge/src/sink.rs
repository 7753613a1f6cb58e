//! Outputs that persist: how far a call has come and what was said.

use std::time::Duration;

use domain::calls::{Call, EndReason, Speaking, Status};
use domain::conversations::Turn;
use domain::{Error, Language, Result};
use services::{CallCtx, calls, conversations};
use tokio::sync::{mpsc, watch};

use crate::session::{Control, Record};

/// Waits between attempts; together about a minute. A store that is gone for longer costs records,
/// never the call.
const WAITS: [Duration; 7] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(8),
    Duration::from_secs(16),
    Duration::from_secs(32),
];

/// Writes down what a call hands over.
pub(crate) struct Sink {
    ctx: CallCtx,
    call: Call,
    language: Language,
    control: mpsc::Sender<Control>,
    speaking: watch::Sender<Speaking>,
}

impl Sink {
    /// The sink of a call, and where it tells who is speaking.
    pub(crate) fn new(
        ctx: CallCtx,
        call: Call,
        language: Language,
        control: mpsc::Sender<Control>,
    ) -> (Self, watch::Receiver<Speaking>) {
        let (speaking, seen) = watch::channel(Speaking::default());
        (Self { ctx, call, language, control, speaking }, seen)
    }

    /// Writes records down in order until there are no more, and gives the call as it then stands.
    pub(crate) async fn run(mut self, mut records: mpsc::Receiver<Record>) -> Call {
        while let Some(record) = records.recv().await {
            match record {
                Record::State(status) => self.advance(status).await,
                Record::Turn(turn) => self.turn(turn).await,
                Record::Speaking { ai, caller } => self.speaks(ai, caller),
            }
        }
        self.call
    }

    async fn advance(&mut self, status: Status) {
        let (ctx, language) = (self.ctx.clone(), self.language);
        let before = self.call.clone();
        let attempt = || async {
            let mut call = before.clone();
            calls::progress(&ctx, &mut call, status, language).await.map(|()| call)
        };
        match insisting("a call's state", attempt).await {
            Ok(call) => self.call = call,
            // Somebody ended it while its phone rang: nobody is to be talked to.
            Err(error) if error.code == "call_moved_on" => {
                self.control.send(Control::End { reason: EndReason::EndedByCaregiver }).await.ok();
            }
            Err(error) => tracing::error!(call = %self.call.id, %error, "a call's state was not written"),
        }
    }

    async fn turn(&self, turn: crate::session::Turn) {
        let Some(answered) = self.call.answered_at else { return };
        let turn = Turn {
            item: turn.item_id,
            order: i64::from(turn.order),
            speaker: turn.speaker,
            text: turn.text,
            started_at: answered + turn.started_at,
            heard_ms: turn.heard_ms.map(|heard| u32::try_from(heard).unwrap_or(u32::MAX)),
            complete: turn.complete,
        };
        let attempt = || conversations::record(&self.ctx, self.call.id, &turn);
        if let Err(error) = insisting("a turn", attempt).await {
            tracing::error!(call = %self.call.id, %error, "a turn was not written");
        }
    }

    fn speaks(&self, ai: bool, caller: bool) {
        let now = self.ctx.now();
        self.speaking.send_if_modified(|speaking| {
            let before = *speaking;
            if ai && !before.ai {
                speaking.ai_since = Some(now);
            }
            if caller && !before.caller {
                speaking.caller_since = Some(now);
            }
            (speaking.ai, speaking.caller) = (ai, caller);
            *speaking != before
        });
    }
}

/// Tries until it is done, until trying again is of no use, or for about a minute.
///
/// # Errors
/// What the last attempt said.
pub(crate) async fn insisting<T, F>(what: &'static str, mut attempt: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T, Error>>,
{
    for wait in WAITS {
        match attempt().await {
            Err(error) if error.is_passing() => {
                tracing::warn!(%error, what, "not written yet");
                tokio::time::sleep(wait).await;
            }
            other => return other,
        }
    }
    attempt().await
}
