//! Proving that a telephone number is somebody's own, by a code that is sent to it.

mod send;
mod verify;

pub use send::{Sending, resend, send};
pub use verify::verify;

use domain::caregivers::Caregiver;
use domain::policy::{self, Action, Resource};
use domain::{Caller, CaregiverId, Error, Phone, Result, Secret};

use crate::{AccountCtx, Use};

/// The caller's own account. Not from the cache: a decision hangs on its number.
async fn own(ctx: &AccountCtx, caller: &Caller) -> Result<Caregiver> {
    policy::grant(caller, Action::Update, Resource::Profile)?;
    let found = ctx.store.caregivers().account(caller.caregiver).await?;
    let found = found.map(|(caregiver, _)| caregiver);
    found.ok_or_else(|| Error::not_found("caregiver_not_found", "Your account no longer exists."))
}

/// The hashes of a code by each key, newest first. Keyed, since a million codes could be tried out;
/// of the account and the number, so that it is good for nothing else.
fn hashes(ctx: &AccountCtx, caregiver: CaregiverId, number: &Phone, code: &Secret) -> Vec<[u8; 32]> {
    let id = caregiver.to_string();
    ctx.vault.hashes(Use::PhoneCode, &[id.as_bytes(), number.as_str().as_bytes(), code.expose().as_bytes()])
}
