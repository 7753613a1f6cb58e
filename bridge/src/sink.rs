//! Outputs that persist: how far a call has come and what was said.

use std::time::Duration;

use domain::calls::{Call, EndReason, Speaking, Status};
use domain::conversations::Turn;
use domain::{Error, Language, Result};
use jiff::Timestamp;
use services::{CallCtx, calls, conversations};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::herald::Herald;
use crate::session::{Control, Record};

/// The first and the longest wait between attempts.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Records that have their time and wait to be written; the call itself keeps more.
const WAITING: usize = 64;
/// How long a write is insisted on: longer than any failover, and than most outages. A store that is
/// gone for longer costs records, never the call.
const INSIST: Duration = Duration::from_mins(15);

/// Writes down what a call hands over.
pub(crate) struct Sink {
    ctx: CallCtx,
    call: Call,
    language: Language,
    /// When it was answered, known before it is written.
    answered_at: Option<Timestamp>,
    control: mpsc::Sender<Control>,
    speaking: watch::Sender<Speaking>,
    herald: Herald,
}

impl Sink {
    /// The sink of a call, and where it tells who is speaking.
    pub(crate) fn new(
        ctx: CallCtx,
        call: Call,
        language: Language,
        control: mpsc::Sender<Control>,
        herald: Herald,
    ) -> (Self, watch::Receiver<Speaking>) {
        let (speaking, seen) = watch::channel(Speaking::default());
        // A call that another process has answered counts from then.
        let answered_at = call.answered_at;
        (Self { ctx, call, language, answered_at, control, speaking, herald }, seen)
    }

    /// Writes records down in order until there are no more, and gives the call as it then stands.
    pub(crate) async fn run(mut self, records: mpsc::Receiver<Record>) -> Call {
        let mut records = self.stamped(records);
        while let Some((at, record)) = records.recv().await {
            match record {
                Record::State(status) => self.advance(status, at).await,
                Record::Turn(turn) => self.turn(turn).await,
                Record::Speaking { ai, caller } => self.speaks(ai, caller, at),
                // Whoever watches the call counts these.
                Record::Answered(_) | Record::Used(_) | Record::Tool { .. } => {}
            }
        }
        self.call
    }

    /// Each record with the time at which it was handed over: what is written before it may take long.
    fn stamped(&self, mut records: mpsc::Receiver<Record>) -> mpsc::Receiver<(Timestamp, Record)> {
        let (stamped, received) = mpsc::channel(WAITING);
        let ctx = self.ctx.clone();
        tokio::spawn(async move {
            while let Some(record) = records.recv().await {
                if stamped.send((ctx.now(), record)).await.is_err() {
                    return;
                }
            }
        });
        received
    }

    async fn advance(&mut self, status: Status, at: Timestamp) {
        if status == Status::Connected {
            self.answered_at.get_or_insert(at);
        }
        let (ctx, language) = (self.ctx.clone(), self.language);
        let before = self.call.clone();
        let attempt = || async {
            let mut call = before.clone();
            calls::progress(&ctx, &mut call, status, language, at).await.map(|()| call)
        };
        match insisting("a call's state", attempt).await {
            Ok(call) => self.call = call,
            // Somebody ended it: nobody is to be talked to.
            Err(error) if error.code == "call_ended" => {
                self.control.send(Control::End { reason: EndReason::EndedByCaregiver }).await.ok();
            }
            Err(error) => tracing::error!(call = %self.call.id, %error, "a call's state was not written"),
        }
    }

    async fn turn(&self, turn: crate::session::Turn) {
        let Some(answered) = self.answered_at else {
            tracing::error!(call = %self.call.id, "a turn came before the answer and was not written");
            return;
        };
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
        match insisting("a turn", attempt).await {
            Ok(()) => self.herald.went_on(),
            Err(error) => tracing::error!(call = %self.call.id, %error, "a turn was not written"),
        }
    }

    fn speaks(&self, ai: bool, caller: bool, now: Timestamp) {
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

/// A turn that an earlier process has written, as the session knows turns.
pub(crate) fn restored(turn: Turn, answered: Timestamp) -> crate::session::Turn {
    let since = turn.started_at.duration_since(answered);
    crate::session::Turn {
        item_id: turn.item,
        order: u32::try_from(turn.order).unwrap_or_default(),
        speaker: turn.speaker,
        text: turn.text,
        started_at: Duration::try_from(since).unwrap_or_default(),
        heard_ms: turn.heard_ms.map(u64::from),
        complete: turn.complete,
    }
}

/// Tries until it is done, until trying again is of no use, or for [`INSIST`].
///
/// # Errors
/// What the last attempt said.
pub(crate) async fn insisting<T, F>(what: &'static str, mut attempt: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T, Error>>,
{
    let until = Instant::now() + INSIST;
    let mut wait = FIRST_WAIT;
    loop {
        match attempt().await {
            Err(error) if error.is_passing() && Instant::now() < until => {
                tracing::warn!(%error, what, "not written yet");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            other => return other,
        }
    }
}
