//! Asking for a call.

use domain::calls::{Call, EndReason};
use domain::jobs::Job;
use domain::patients::Patient;
use domain::policy::{self, Action, Resource};
use domain::{CallId, Caller, PatientId, Phi, Result};
use store::mongo::Calls;

use super::current;
use super::finish::cancel;
use crate::{CallCtx, audit, live, outbox, patients};

/// Asks for a call to a patient now. A cell with room takes it from the queue.
///
/// # Errors
/// `patient_not_found` outside the caller's scope; `consent_withdrawn` and `calls_paused`; `call_in_progress` while the patient is being
/// called; [`Kind::Unavailable`](domain::Kind::Unavailable) when the queue does not take it, and
/// then the call is recorded as failed: nobody's phone rings later by surprise.
pub async fn initiate(
    ctx: &CallCtx,
    caller: &Caller,
    patient: PatientId,
    notes: Option<Phi<String>>,
) -> Result<(Call, Patient)> {
    let work = async {
        let scope = policy::grant(caller, Action::Create, Resource::Call)?;
        let patient = patients::visible(ctx, &scope, patient).await?;
        patient.profile.calls.check()?;
        Ok(patient)
    };
    let patient = audit::watch(ctx, caller, audit::Action::Create, audit::Subject::Call, patient, work).await?;
    let now = ctx.now();
    let id = CallId::generate(now, &*ctx.random);
    let call = Call::request(id, patient.org, patient.id, Some(caller.caregiver), notes, now);
    let (pending, job) = outbox::prepare(ctx, Job::PlaceCall { call_id: id })?;
    let record = audit::by(ctx, caller, audit::Action::Create, audit::Subject::Call);
    let record = audit::note(&record.within(patient.org).about([id.to_string(), patient.id.to_string()]))?;
    ctx.store.commit([Calls::add(&call)?, job, record]).await?;
    if let Err(error) = outbox::deliver(ctx, pending).await {
        // Should the queue have taken it all the same, either the cell finds the call ended, or it
        // was faster and the phone rings: then the call was placed.
        let cancelled = cancel(ctx, &call, EndReason::NotDispatched).await?;
        if cancelled || current(ctx, id).await?.is_none_or(|call| !call.is_live()) {
            return Err(error);
        }
    }
    live::call(ctx, &call).await;
    Ok((call, patient))
}
