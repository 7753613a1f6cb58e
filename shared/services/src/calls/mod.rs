//! Calls: asked for by people, owned by cells.

mod account;
mod active;
mod adopt;
mod briefing;
mod call_back;
mod end;
mod finish;
mod initiate;
mod listen_again;
mod on_call;
mod progress;
mod receive;
mod renew;
mod report;
mod status;
mod sweep;
mod take;
mod walk;
mod watch;

pub use account::account;
pub use active::active;
pub use adopt::{Adopted, adopt};
pub(crate) use call_back::broken;
pub use call_back::{call_back, place_callbacks};
pub use end::end;
pub use finish::{finish, finish_unheard};
pub use initiate::initiate;
pub use listen_again::listen_again;
pub use on_call::on_call;
pub use progress::progress;
pub use receive::{Received, receive};
pub use renew::{Kept, renew};
pub use report::report;
pub(crate) use status::found;
pub use status::{CallView, shown, status};
pub use sweep::{SWEPT_WITHIN, sweep};
pub use take::{Taken, take};
pub use walk::{Listed, Wanted, walk};
pub(crate) use watch::watch;

use domain::calls::{Call, EndReason, Outcome};
use domain::patients::Patient;
use domain::{CallId, Error, Result, Scope, policy};
use jiff::SignedDuration;

use crate::{CallCtx, Ctx};

/// How long a cell owns a call without saying so again.
pub const LEASE: SignedDuration = SignedDuration::from_secs(15);

/// The channel on which a cell hears that one of its calls has a command.
pub fn cell_channel(cell: &str) -> String {
    format!("cell:{cell}")
}

/// The call and its patient, or `call_not_found`. A call is visible to whoever sees its patient,
/// also after the patient was removed: what runs must be seen and can be ended.
pub(crate) async fn visible(ctx: &Ctx, scope: &Scope, call: CallId) -> Result<(Call, Patient)> {
    let missing = || Error::not_found("call_not_found", "There is no such call.");
    let call = ctx.store.calls().find(scope, call).await?.ok_or_else(missing)?;
    let patient = ctx.store.patients().find_even_removed(scope, call.patient).await?.ok_or_else(missing)?;
    Ok((call, patient))
}

/// The call as it is now.
async fn current(ctx: &Ctx, call: CallId) -> Result<Option<Call>> {
    ctx.store.calls().find(&policy::system("follow a call"), call).await
}

/// Whether a failure means that somebody else changed the call in the same moment.
fn moved_on(error: &Error) -> bool {
    matches!(error.code, "call_moved_on" | "occurrence_moved_on")
}

/// Takes the lease of a call from an owner that is dead, for just long enough to end it. `false`
/// when the owner lives, or somebody else is doing the same. An owner that was only cut off hears
/// at its next renewal that the call is not its own any more.
async fn claim_from_the_dead(ctx: &CallCtx, call: CallId) -> Result<bool> {
    let now = ctx.now();
    ctx.live.claim(call, "nobody", claim_number(ctx), now, now + LEASE).await
}

/// A number that no other claim has.
fn claim_number(ctx: &Ctx) -> u64 {
    let mut bytes = [0; 8];
    ctx.random.fill(&mut bytes);
    u64::from_be_bytes(bytes)
}

/// Ends a call that was claimed from the dead.
async fn bury(ctx: &CallCtx, call: CallId) -> Result<()> {
    if let Some(call) = current(ctx, call).await? {
        finish(ctx, &call, Outcome::Failed, EndReason::OwnerLost, ctx.now()).await?;
    }
    ctx.live.release(call, "nobody").await
}
