//! Calls: asked for by people, owned by cells.

mod active;
mod end;
mod finish;
mod initiate;
mod progress;
mod renew;
mod report;
mod status;
mod sweep;
mod take;

pub use active::active;
pub use end::end;
pub use finish::finish;
pub use initiate::initiate;
pub use progress::progress;
pub use renew::{Renewal, renew};
pub use report::report;
pub use status::{CallView, status};
pub use sweep::sweep;
pub use take::{Taken, take};

use domain::calls::Call;
use domain::patients::Patient;
use domain::{CallId, Error, Result, Scope};
use jiff::SignedDuration;

use crate::{CallCtx, Ctx, patients};

/// How long a cell owns a call without saying so again.
pub const LEASE: SignedDuration = SignedDuration::from_secs(15);

/// The channel on which a cell hears that one of its calls has a command.
pub fn cell_channel(cell: &str) -> String {
    format!("cell:{cell}")
}

/// The call and its patient, or `call_not_found`. A call is visible to whoever sees its patient.
pub(crate) async fn visible(ctx: &Ctx, scope: &Scope, call: CallId) -> Result<(Call, Patient)> {
    let missing = || Error::not_found("call_not_found", "There is no such call.");
    let call = ctx.store.calls().find(scope, call).await?.ok_or_else(missing)?;
    let patient = patients::visible(ctx, scope, call.patient).await.map_err(|error| match error.code {
        "patient_not_found" => missing(),
        _ => error,
    })?;
    Ok((call, patient))
}

/// Ends a call that no cell speaks for, and keeps trying while others change it.
pub(crate) async fn end_unowned(
    ctx: &CallCtx,
    call: CallId,
    outcome: domain::calls::Outcome,
    reason: domain::calls::EndReason,
) -> Result<Option<Call>> {
    let system = domain::policy::system("end a call that no cell speaks for");
    for _ in 0..3 {
        let Some(before) = ctx.store.calls().find(&system, call).await? else { return Ok(None) };
        // An answered call stays answered, however it was lost.
        let outcome = if before.answered_at.is_some() { domain::calls::Outcome::Answered } else { outcome };
        match finish(ctx, &before, outcome, reason).await {
            Err(error) if error.code == "call_moved_on" => {}
            other => return other.map(Some),
        }
    }
    Err(Error::conflict("call_moved_on", "The call has moved on meanwhile."))
}
