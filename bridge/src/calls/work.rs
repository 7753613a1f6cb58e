//! The work that calls ask for: alerts, notes, calls to be made later. It goes on when the call is over,
//! and every piece of it bears being done twice.

use std::sync::Arc;

use domain::Result;
use domain::alerts::NewAlert;
use domain::calls::Call;
use domain::patients::Patient;
use jiff::SignedDuration;
use services::{CallCtx, alerts, calls, notes};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::session::{Done, Task, Work};
use crate::sink::insisting;

/// Whose work it is.
pub(super) struct Desk {
    pub(super) ctx: CallCtx,
    pub(super) call: Call,
    pub(super) patient: Patient,
}

impl Desk {
    /// Does what is asked for, side by side, until nothing more comes and all of it is done.
    pub(super) async fn run(self, mut tasks: mpsc::Receiver<Task>, done: mpsc::Sender<(u64, Done)>) {
        let desk = Arc::new(self);
        let mut working = JoinSet::new();
        while let Some(task) = tasks.recv().await {
            let (desk, done) = (Arc::clone(&desk), done.clone());
            working.spawn(async move {
                let result = desk.one(task.work).await.unwrap_or_else(|error| {
                    tracing::error!(call = %desk.call.id, %error, "something a call asked for was not done");
                    Done::Failed(error.code.to_owned())
                });
                // The call may be over.
                done.send((task.id, result)).await.ok();
            });
            while working.try_join_next().is_some() {}
        }
        working.join_all().await;
    }

    async fn one(&self, work: Work) -> Result<Done> {
        let (ctx, call) = (&self.ctx, &self.call);
        match work {
            Work::Alert { kind, severity, key, cues, phrases, words } => {
                let alert = NewAlert {
                    org: call.org,
                    patient: Some(call.patient),
                    call: Some(call.id),
                    kind,
                    severity,
                    key,
                    cues,
                    phrases,
                    words,
                    written: None,
                };
                let raised = insisting("an alert", || alerts::raise(ctx, alert.clone())).await?;
                Ok(Done::Alerted { informed: raised.informed })
            }
            Work::Note { key, text } => {
                insisting("a note", || notes::take(ctx, call, &key, text.clone())).await?;
                Ok(Done::Noted)
            }
            Work::CallBack { key, minutes } => {
                let at = ctx.now() + SignedDuration::from_mins(minutes.into());
                insisting("a call to be made later", || calls::call_back(ctx, call, &key, at)).await?;
                Ok(Done::CallBackIn { minutes })
            }
            Work::FindCaregiver => Ok(Done::Caregiver(calls::on_call(ctx, &self.patient).await?)),
        }
    }
}
