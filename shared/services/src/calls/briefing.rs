//! What the model is told before a call.

use domain::alerts::OPEN_FOR;
use domain::calls::{Call, Direction};
use domain::patients::Patient;
use domain::prompt::{self, Briefing};
use domain::{Error, Phi, Result, policy};

use super::Taken;
use crate::Ctx;
use crate::audit::{self, Action, Subject};

/// A call with what its owner needs. For one that came in, nothing is looked up that must not be told.
pub(super) async fn taken(ctx: &Ctx, call: Call, patient: Patient) -> Result<Taken> {
    let system = policy::system("brief the model");
    let now = ctx.now();
    let org = ctx.store.orgs().find(&system, call.org).await?;
    let zone = org.map_or_else(|| "UTC".parse().map_err(Error::internal), |org| Ok(org.zone))?;
    let (mut summaries, mut notes, mut concerns, mut last_contact) = (Vec::new(), Vec::new(), Vec::new(), None);
    let mut shared_line = false;
    if call.direction == Direction::Outbound {
        let conversations = ctx.store.conversations();
        summaries = conversations.summaries(patient.id, prompt::MEMORY).await?;
        last_contact = conversations.last_contact(&system, patient.id, call.id).await?;
        let taken = ctx.store.notes().newest(&system, patient.id, prompt::NOTES).await?;
        notes = taken.into_iter().map(|note| note.text).collect();
        let open = ctx.store.alerts().open(&system, patient.id, now - OPEN_FOR, prompt::CONCERNS).await?;
        concerns = open.iter().map(|alert| Phi::new(alert.content.kind.as_str().to_owned())).collect();
    } else {
        shared_line = ctx.store.patients().by_phone(&system, &patient.profile.phone, 2).await?.len() > 1;
    }
    let briefing = Briefing {
        profile: &patient.profile,
        direction: call.direction,
        last_contact,
        now,
        zone: &zone,
        summaries: &summaries,
        notes: &notes,
        concerns: &concerns,
        shared_line,
        topic: Some(prompt::topic(patient.id, now, &zone)),
    };
    let seen = audit::by_system(ctx, "brief the model", call.org, Action::Read, Subject::Patient, patient.id)?;
    ctx.store.commit([seen]).await?;
    let (instructions, greeting) = (prompt::instructions(&briefing), prompt::greeting(&briefing));
    let phrases = ctx.store.phrases().listened(call.org, patient.profile.language).await?;
    Ok(Taken { call, patient, instructions, greeting, phrases })
}
