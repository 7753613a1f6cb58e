//! A call was lost by its cell: was there an emergency in it that nobody has told of?

use domain::alerts::{Alert, AlertKind, NewAlert, key_of_emergency};
use domain::calls::Call;
use domain::conversations::{Speaker, Turn};
use domain::emergencies::{Detector, Finding, JUDGED_AGAIN};
use domain::{CallId, Error, Result, policy};

use super::current;
use crate::{CallCtx, alerts, outbox};

/// The number of such an alert within its turn; those that are raised while a call runs are counted from 1.
const NUMBER: u32 = 0;

/// Looks again at what the patient said last in a call that its cell lost: the process may have stored a turn and died before
/// it asked for the alert. What was told while the call ran is not told again, and running this twice has one effect.
///
/// # Errors
/// When the store does not answer.
pub async fn listen_again(ctx: &CallCtx, call: CallId) -> Result<()> {
    let Some(call) = &current(ctx, call).await? else { return Ok(()) };
    let messages = ctx.store.conversations().messages(call.id).await?;
    let said = |turn: &Turn| turn.speaker == Speaker::Patient && !turn.text.reveal().is_empty();
    let turns: Vec<Turn> = messages.into_iter().map(|message| message.turn).filter(said).collect();
    let latest = &turns[turns.len().saturating_sub(JUDGED_AGAIN)..];
    let system = policy::system("listen again to a call that was lost");
    let patient = ctx.store.patients().find_even_removed(&system, call.patient).await?;
    let Some(patient) = patient.filter(|_| !latest.is_empty()) else { return Ok(()) };
    let language = patient.profile.language;
    let phrases = ctx.store.phrases().listened(call.org, language).await?;
    // Reading rules and phrases takes a while.
    let detector = tokio::task::spawn_blocking(move || Detector::new(language, &phrases));
    let detector = detector.await.map_err(|error| Error::internal(format!("no detector: {error}")))?;
    let raised = ctx.store.alerts().raised_in(call.id).await?;
    for turn in latest {
        let finding = detector.judge(turn.text.reveal()).finding();
        let Some(finding) = finding.filter(|finding| !is_known(&raised, turn, finding)) else { continue };
        tracing::warn!(call = %call.id, "an emergency was found in a call that was lost");
        let (pending, writes) = alerts::prepare(ctx, told(call, turn, finding)).await?;
        ctx.store.commit(writes).await?;
        outbox::hand_over(ctx, [pending]).await;
    }
    Ok(())
}

/// Whether an alert that is as grave was raised of this turn.
fn is_known(raised: &[Alert], turn: &Turn, finding: &Finding) -> bool {
    let of_turn = key_of_emergency(&turn.item, "");
    raised.iter().any(|alert| alert.content.key.starts_with(&of_turn) && alert.content.severity >= finding.severity)
}

fn told(call: &Call, turn: &Turn, finding: Finding) -> NewAlert {
    NewAlert {
        org: call.org,
        patient: Some(call.patient),
        call: Some(call.id),
        kind: AlertKind::Emergency,
        severity: finding.severity,
        key: key_of_emergency(&turn.item, NUMBER),
        cues: finding.cues.iter().map(|cue| (*cue).to_owned()).collect(),
        phrases: finding.phrases,
        words: Some(turn.text.clone()),
        written: None,
    }
}
