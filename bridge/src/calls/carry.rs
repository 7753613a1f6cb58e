//! One call that this cell owns, from taking it to letting go of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::CallId;
use domain::calls::{Call, EndReason, Outcome};
use domain::live::News;
use jiff::Timestamp;
use services::calls::{self, Taken};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::work::Desk;
use super::{Calls, Handle};
use crate::driver::{self, CallEnd, Outside};
use crate::herald::Herald;
use crate::lease;
use crate::observer::Observer;
use crate::plan;
use crate::session::{Plan, Resumed};
use crate::sink::{Sink, insisting};
use crate::telephony::leg::{DialError, DialRequest, Leg};
use crate::trace::Tracer;

/// Records between a call and the store.
const RECORDS: usize = 64;
/// Work of a call that waits to be taken on.
const TASKS: usize = 32;

/// How a call comes to its telephone.
pub(crate) enum Way {
    /// The patient is to be dialled.
    Dial,
    /// The patient has called us, and waits to be picked up.
    Inbound { leg: Box<dyn Leg> },
    /// The patient is on the line: another process has carried the call so far.
    Adopted { leg: Box<dyn Leg>, resumed: Resumed },
}

impl Calls {
    /// Carries a call to its end and writes down how it came out.
    pub(super) async fn carry_one(&self, taken: Taken, way: Way) {
        let id = taken.call.id;
        let _protected = self.instruments.protection.begin();
        let (plan, language) = (plan::of(&taken, &self.settings, &way), taken.patient.profile.language);
        let (control, commands) = mpsc::channel(8);
        let handle = Handle { control: control.clone(), look: Arc::new(Notify::new()) };
        self.insert(id, handle.clone());
        let (records, received) = mpsc::channel(RECORDS);
        let (tasks, asked) = mpsc::channel(TASKS);
        let (finished, done) = mpsc::channel(TASKS);
        let herald = Herald::default();
        let news = News::Words { call_id: id, org_id: taken.call.org };
        let telling = tokio::spawn(herald.clone().run(self.ctx.clone(), news));
        let (sink, speaking) =
            Sink::new(self.ctx.clone(), taken.call.clone(), language, control.clone(), herald.clone());
        let sink = tokio::spawn(sink.run(received));
        let desk = Desk { ctx: self.ctx.clone(), call: taken.call.clone(), patient: taken.patient.clone() };
        let desk = tokio::spawn(desk.run(asked, finished));
        let keeper = lease::Keeper { ctx: self.ctx.clone(), call: id, cell: self.settings.cell.clone(), herald };
        let keeper = tokio::spawn(keeper.run(speaking, Arc::clone(&handle.look), control));
        let caller_id = self.telephony.caller_id.clone();
        let observer = self.observer(&plan, &taken);
        let outside = Outside { records, tasks, commands, done, caller_id, observer };

        let end = self.through(plan, &taken, way, outside).await;
        // A call that broke does not know.
        let talked = end.as_ref().ok().map(|end| end.talked);
        let end = end.unwrap_or_else(|(outcome, reason)| {
            self.instruments.metrics.call_ended(outcome, reason, Duration::ZERO);
            CallEnd::without_call(outcome, reason)
        });
        let over_at = self.ctx.now();
        // What the call asked for is done before it counts as over: should this process die while an alert is still being tried,
        // another listens again to a call that lost its cell, and to no other.
        desk.await.ok();
        self.settle(id, sink, &end, talked, over_at).await;
        keeper.abort();
        telling.abort();
        self.remove(id);
    }

    /// To the telephone, and through the call. What went wrong before there was one is given in place
    /// of its end.
    async fn through(
        &self,
        plan: Plan,
        taken: &Taken,
        way: Way,
        outside: Outside,
    ) -> Result<CallEnd, (Outcome, EndReason)> {
        let id = taken.call.id;
        let leg = match way {
            Way::Dial => self.dial(&plan, taken).await.map_err(|error| {
                tracing::warn!(call = %id, %error, "a call could not be placed");
                error.cause.unanswered()
            })?,
            Way::Inbound { mut leg } => {
                leg.answer();
                leg
            }
            Way::Adopted { leg, .. } => leg,
        };
        // In a task of its own: a fault in one call is the end of that call only.
        match tokio::spawn(driver::run(plan, leg, self.connector.clone(), outside)).await {
            Ok(end) => {
                let (outcome, reason, talked) = (end.outcome, end.reason, end.talked.as_secs());
                tracing::info!(call = %id, ?outcome, ?reason, talked, "call ended");
                Ok(end)
            }
            Err(error) => {
                tracing::error!(call = %id, panicked = error.is_panic(), "a call broke");
                Err((Outcome::Failed, EndReason::OwnerLost))
            }
        }
    }

    async fn dial(&self, plan: &Plan, taken: &Taken) -> Result<Box<dyn Leg>, DialError> {
        let request = DialRequest {
            call_id: plan.call_id.clone(),
            number: taken.patient.profile.phone.clone(),
            caller_id: self.telephony.caller_id.clone(),
            ring_for: self.settings.bridge.ring,
            language: plan.language,
            codec: plan.codec,
        };
        self.telephony.dialer.dial(request).await
    }

    fn observer(&self, plan: &Plan, taken: &Taken) -> Observer {
        let spans = self.instruments.telemetry.call(&plan.call_id, plan.language.code());
        let tracer = self.settings.bridge.traces.as_ref().and_then(|folder| {
            let traced = Tracer::create(folder, plan);
            traced.inspect_err(|error| tracing::error!(%error, "a call is not traced")).ok()
        });
        let recordings = self.instruments.recordings.as_ref().filter(|_| taken.patient.profile.recording_consent);
        let recorder = recordings.map(|recordings| {
            // A process that goes on with a call must not write over what the first one recorded.
            let part = plan.resumed.as_ref().map(|resumed| format!("-{}", resumed.talked.as_secs()));
            let name = format!("{}{}", plan.call_id, part.unwrap_or_default());
            let (recorder, recording) = recordings.start(&name, plan.codec);
            self.tasks.spawn(recording.kept());
            recorder
        });
        let observer = Observer::new(self.instruments.metrics.clone(), spans, plan, Instant::now());
        let observer = observer.with_tracer(tracer).with_recorder(recorder);
        self.instruments.timelines.keep(&plan.call_id, observer.timeline());
        observer
    }

    /// Writes down how a call came out and lets go of it.
    async fn settle(
        &self,
        id: CallId,
        sink: JoinHandle<Call>,
        end: &CallEnd,
        talked: Option<Duration>,
        over_at: Timestamp,
    ) {
        let Ok(call) = sink.await else {
            tracing::error!(call = %id, "the records of a call were lost");
            return;
        };
        let (bill, quality) = plan::account(end, &self.settings);
        let account = || calls::account(&self.ctx, id, &bill, &quality);
        if let Err(error) = insisting("what a call cost", account).await {
            tracing::error!(call = %id, %error, "what a call cost was not written");
        }
        self.instruments.metrics.cost(plan::in_dollars(bill.cost_microusd));
        let ended_at = ended_at(call.answered_at, talked, over_at);
        let finish = || calls::finish(&self.ctx, &call, end.outcome, end.reason, ended_at);
        if let Err(error) = insisting("the end of a call", finish).await {
            tracing::error!(call = %id, %error, "the end of a call was not written; the sweep will");
        }
        if let Err(error) = self.ctx.live.release(id, &self.settings.cell).await {
            tracing::warn!(call = %id, %error, "a call's lease runs out by itself");
        }
    }
}

/// When the phone was hung up. Not when that is written, for the records before it may have waited for a store that was
/// away; and never later than when the call was `over`.
fn ended_at(answered: Option<Timestamp>, talked: Option<Duration>, over: Timestamp) -> Timestamp {
    let hung_up = answered.zip(talked).and_then(|(answered, talked)| answered.checked_add(talked).ok());
    hung_up.map_or(over, |hung_up| hung_up.min(over))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_ends_with_the_hang_up_or_when_it_broke() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let talked = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(ended_at(Some(at(100)), talked(60), at(162)), at(160), "the last words were waited for");
        assert_eq!(ended_at(Some(at(100)), None, at(160)), at(160), "a call that broke has no length of its own");
        assert_eq!(ended_at(None, talked(0), at(130)), at(130), "nobody answered");
        assert_eq!(ended_at(Some(at(150)), talked(60), at(160)), at(160), "never in the future");
    }
}
