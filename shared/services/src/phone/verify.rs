//! Entering a code.

use domain::phone_codes::OpenCode;
use domain::{Caller, Error, Result, Secret};
use store::mongo::{Caregivers, CodeLedger};

use super::{hashes, own};
use crate::AccountCtx;
use crate::audit::{self, Action, Subject};

/// Verifies the number that a code was sent to: exactly this one becomes the account's. An attempt
/// is counted before it is judged.
///
/// # Errors
/// `phone_code_wrong`, `phone_code_expired`, `phone_code_void` after too many attempts or when the
/// account got another number meanwhile, `phone_code_missing`.
pub async fn verify(ctx: &AccountCtx, caller: &Caller, code: &Secret) -> Result<()> {
    let caregiver = own(ctx, caller).await?;
    let code = &as_sent(code)?;
    let Some(open) = ctx.store.phone_codes().attempt(caregiver.id, ctx.now()).await? else {
        return nothing_to_try(ctx, caller).await;
    };
    if !open.is_for(caregiver.phone.as_ref()) {
        return Err(void());
    }
    let record = audit::by(ctx, caller, Action::PhoneVerified, Subject::Caregiver).about([caregiver.id]);
    if !hashes(ctx, caregiver.id, &open.number, code).contains(&open.hash) {
        audit::noted(ctx, &record.refused("phone_code_wrong")).await?;
        return Err(Error::invalid("phone_code_wrong", "That code is not right. Please check it."));
    }
    let writes = [
        CodeLedger::spend(caregiver.id, &open),
        Caregivers::verify_phone(&caregiver, &open, ctx.now()),
        audit::note(&record)?,
    ];
    ctx.store.commit(writes).await
}

/// The code without the spaces that people type. What cannot be one is no attempt.
fn as_sent(code: &Secret) -> Result<Secret> {
    let typed: String = code.expose().chars().filter(|letter| !letter.is_whitespace()).take(7).collect();
    if typed.len() == 6 && typed.bytes().all(|digit| digit.is_ascii_digit()) {
        Ok(Secret::new(typed))
    } else {
        Err(Error::field("code", "must be the six digits of the message"))
    }
}

/// Why no code could be tried. Who enters one again after it was good is told that all is well, as
/// the existing app expects.
async fn nothing_to_try(ctx: &AccountCtx, caller: &Caller) -> Result<()> {
    let (_, codes) = ctx.store.phone_codes().of(caller.caregiver).await?;
    let ended = |open: &OpenCode| open.has_ended(ctx.now());
    Err(match codes.open {
        // Looked at now and not before: a code that is gone has just verified it.
        None if own(ctx, caller).await?.phone_verified => return Ok(()),
        None => Error::invalid("phone_code_missing", "No code was sent. Please ask for one."),
        Some(open) if ended(&open) => {
            Error::invalid("phone_code_expired", "This code has expired. Please ask for another one.")
        }
        Some(_) => void(),
    })
}

fn void() -> Error {
    Error::invalid("phone_code_void", "This code is not good any more. Please ask for another one.")
}
