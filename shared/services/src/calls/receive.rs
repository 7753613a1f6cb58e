//! A patient telephones Bianca.

use std::cmp::Reverse;

use domain::calls::Call;
use domain::patients::Patient;
use domain::{CallId, Phone, Result, policy};
use store::mongo::Calls;

use super::briefing::taken;
use super::{LEASE, Taken, claim_number};
use crate::audit::{self, Action, Subject};
use crate::{CallCtx, live};

/// Patients with one number that are looked at; a home's line is shared by more, and then by too many.
const SHARING: u32 = 50;

/// Whose call it is.
#[derive(Clone, Debug)]
pub enum Received {
    /// The patient whose number it is. Of several who share it the one who was called most recently, else
    /// the one who was added first; the model is told that it may be another.
    Known(Box<Taken>),
    /// Nobody's number.
    Unknown,
    /// That patient is on the telephone already, or is about to be called.
    Busy,
}

/// Takes a call that comes in from `number` for `cell`. The number can be forged
/// (`docs/decisions/014-inbound-calls.md`), so what is told to the model knows the name and nothing else.
pub async fn receive(ctx: &CallCtx, number: &Phone, cell: &str) -> Result<Received> {
    let system = policy::system("answer a call");
    let patients = ctx.store.patients().by_phone(&system, number, SHARING).await?;
    let Some(patient) = likeliest(ctx, patients).await? else { return Ok(Received::Unknown) };
    let now = ctx.now();
    let call = Call::incoming(CallId::generate(now, &*ctx.random), patient.org, patient.id, now);
    // The lease first: a call that is written without an owner would be swept.
    ctx.live.claim(call.id, cell, claim_number(ctx), now, now + LEASE).await?;
    let received = async {
        let added = audit::by_system(ctx, "answer a call", call.org, Action::Create, Subject::Call, call.id)?;
        ctx.store.commit([Calls::add(&call)?, added]).await?;
        live::call(ctx, &call).await;
        taken(ctx, call.clone(), patient).await
    };
    match received.await {
        Ok(taken) => Ok(Received::Known(Box::new(taken))),
        Err(error) => {
            ctx.live.release(call.id, cell).await?;
            if error.code == "call_in_progress" { Ok(Received::Busy) } else { Err(error) }
        }
    }
}

async fn likeliest(ctx: &CallCtx, mut patients: Vec<Patient>) -> Result<Option<Patient>> {
    if patients.len() > 1 {
        let system = policy::system("find out who is calling");
        let mut called = Vec::new();
        for patient in patients {
            let last = ctx.store.calls().last_of(&system, patient.id).await?.map(|call| call.created_at);
            called.push((last, patient));
        }
        // Stable: of those who were never called the oldest stays first.
        called.sort_by_key(|(last, _)| Reverse(*last));
        patients = called.into_iter().map(|(_, patient)| patient).collect();
    }
    Ok(patients.into_iter().next())
}
