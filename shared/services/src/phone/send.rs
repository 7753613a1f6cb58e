//! Sending a code.

use domain::caregivers::Caregiver;
use domain::phone_codes::{self, ATTEMPTS, LIFETIME, OpenCode, PhoneCodes};
use domain::{Caller, Error, Phone, Result, Secret};
use jiff::{SignedDuration, Timestamp};
use store::mongo::{CodeLedger, Version};

use super::{hashes, own};
use crate::AccountCtx;
use crate::auth::guard;

/// Others who ask at the same moment before we give up; three of them get a code in any case.
const CROSSINGS: u32 = 20;

/// A code that is on its way.
#[derive(Clone, Debug)]
pub struct Sending {
    /// The number it was sent to.
    pub number: Phone,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Sends a code to `number`, or to the account's own. The number becomes the account's when the
/// code is entered, and not before. An older code is void.
///
/// # Errors
/// `validation_failed` when there is no number, `phone_already_verified`, `too_many_codes`,
/// `sms_not_possible`; [`Kind::Unavailable`](domain::Kind::Unavailable) when the message was not
/// accepted for delivery.
pub async fn send(ctx: &AccountCtx, caller: &Caller, number: Option<Phone>) -> Result<Sending> {
    let caregiver = own(ctx, caller).await?;
    let missing = || Error::field("phoneNumber", "is required: your account has no number");
    let number = number.or_else(|| caregiver.phone.clone()).ok_or_else(missing)?;
    hand_over(ctx, &caregiver, number).await
}

/// Sends another code to the number that waits for one, or to the account's own.
///
/// # Errors
/// As [`send`]; `phone_missing` when there is no number.
pub async fn resend(ctx: &AccountCtx, caller: &Caller) -> Result<Sending> {
    let caregiver = own(ctx, caller).await?;
    let (_, codes) = ctx.store.phone_codes().of(caregiver.id).await?;
    let waits = codes.open.filter(|open| open.is_for(caregiver.phone.as_ref())).map(|open| open.number);
    let missing = || Error::invalid("phone_missing", "There is no number to send a code to. Please enter one.");
    let number = waits.or_else(|| caregiver.phone.clone()).ok_or_else(missing)?;
    hand_over(ctx, &caregiver, number).await
}

async fn hand_over(ctx: &AccountCtx, caregiver: &Caregiver, number: Phone) -> Result<Sending> {
    if caregiver.phone_verified && caregiver.phone.as_ref() == Some(&number) {
        return Err(Error::invalid("phone_already_verified", "This number is verified already."));
    }
    let code = phone_codes::draw(&*ctx.random);
    let expires_at = ctx.now() + LIFETIME;
    let open = OpenCode {
        hash: hashes(ctx, caregiver.id, &number, &code)[0],
        number: number.clone(),
        before: caregiver.phone.clone(),
        expires_at,
        attempts: 0,
    };
    // Counted before it is sent: many at once are no way around.
    let (version, before) = count(ctx, caregiver, &open).await?;
    if let Err(error) = deliver(ctx, caregiver, &number, &code).await {
        give_back(ctx, caregiver, version, before, open).await;
        return Err(error);
    }
    Ok(Sending { number, expires_at })
}

/// Remembers a code, and gives what was remembered before and the version that it is now.
async fn count(ctx: &AccountCtx, caregiver: &Caregiver, open: &OpenCode) -> Result<(Version, PhoneCodes)> {
    for _ in 0..CROSSINGS {
        let (version, before) = ctx.store.phone_codes().of(caregiver.id).await?;
        let sent = before.with_another(ctx.now()).map_err(too_many)?;
        let codes = PhoneCodes { sent, open: Some(open.clone()) };
        match ctx.store.commit([CodeLedger::replace(caregiver.id, version, &codes)?]).await {
            Err(error) if error.code == "phone_codes_moved_on" => {}
            other => return other.map(|()| (version.next(), before)),
        }
    }
    Err(too_many(SignedDuration::from_secs(1)))
}

fn too_many(wait: SignedDuration) -> Error {
    let message = "There were too many codes. Please wait before you ask for another one.";
    Error::limited("too_many_codes", message, wait)
}

async fn deliver(ctx: &AccountCtx, caregiver: &Caregiver, number: &Phone, code: &Secret) -> Result<()> {
    let counted = guard::text(ctx, number).await?.map_err(too_many)?;
    let sent = ctx.sms.send(number, &phone_codes::message(caregiver.language, code)).await;
    if sent.is_err() {
        counted.give_back(ctx).await;
    }
    sent
}

/// A message that nobody took does not count, unless another was asked for meanwhile. Its code is
/// void; only the number is kept, for whoever tries again.
async fn give_back(ctx: &AccountCtx, caregiver: &Caregiver, version: Version, before: PhoneCodes, open: OpenCode) {
    let codes = PhoneCodes { open: Some(OpenCode { attempts: ATTEMPTS, ..open }), ..before };
    let given = match CodeLedger::replace(caregiver.id, version, &codes) {
        Ok(write) => ctx.store.commit([write]).await,
        Err(error) => Err(error),
    };
    if let Err(error) = given {
        tracing::warn!(%error, "a code that was not sent counts all the same");
    }
}
