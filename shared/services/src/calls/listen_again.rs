//! A call was lost by its cell: was there an emergency in it that nobody has told of?

use domain::alerts::{Alert, AlertKind, NewAlert, key_of_emergency};
use domain::calls::Call;
use domain::conversations::{Speaker, Turn};
use domain::emergencies::{Detector, Finding, JUDGED_AGAIN, REPEATED_WITHIN, Told};
use domain::{CallId, Error, Result, policy};
use jiff::SignedDuration;

use super::current;
use crate::{CallCtx, alerts, outbox};

/// How long a call may still be with an answering machine: it greets, and may say whom to call in an emergency.
const ANNOUNCEMENT: SignedDuration = SignedDuration::from_secs(40);

/// Looks again at what the patient said last in a call that its cell lost: the process may have stored a turn and died before
/// it asked for the alert. What was told while the call ran is not told again, and running this twice has one effect.
///
/// # Errors
/// When the store does not answer; the turns that could be looked at were.
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
    let texts: Vec<String> = latest.iter().map(|turn| turn.text.reveal().clone()).collect();
    // Reading rules and phrases takes a while.
    let judged = tokio::task::spawn_blocking(move || {
        let detector = Detector::new(language, &phrases);
        texts.iter().map(|text| detector.judge(text).finding()).collect::<Vec<_>>()
    });
    let found = judged.await.map_err(|error| Error::internal(format!("no detector: {error}")))?;
    let cries = found.iter().flatten().filter(|finding| finding.only_calls()).count();
    let mut raised = ctx.store.alerts().raised_in(call.id).await?;
    let mut failed = None;
    for (turn, finding) in latest.iter().zip(found) {
        let Some(finding) = finding else { continue };
        let a_machine = cries < 2 && finding.only_calls() && may_be_a_machine(call, turn);
        if a_machine || is_known(&raised, turn, &finding) {
            continue;
        }
        tracing::warn!(call = %call.id, "an emergency was found in a call that was lost");
        match tell(ctx, told(call, turn, finding, &raised)).await {
            Ok(()) => raised = ctx.store.alerts().raised_in(call.id).await?,
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn tell(ctx: &CallCtx, alert: NewAlert) -> Result<()> {
    let (pending, writes) = alerts::prepare(ctx, alert).await?;
    ctx.store.commit(writes).await?;
    outbox::hand_over(ctx, [pending]).await;
    Ok(())
}

/// Whether it was not known yet that a person speaks.
fn may_be_a_machine(call: &Call, turn: &Turn) -> bool {
    call.answered_at.is_none_or(|answered| turn.started_at < answered + ANNOUNCEMENT)
}

fn is_of(alert: &Alert, turn: &Turn) -> bool {
    alert.content.key.starts_with(&key_of_emergency(&turn.item, ""))
}

/// Whether an alert of this turn says as much, or one of just before it the same.
fn is_known(raised: &[Alert], turn: &Turn, finding: &Finding) -> bool {
    raised.iter().any(|alert| {
        let NewAlert { severity, ref cues, ref phrases, .. } = alert.content;
        let told = Told { severity, cues, phrases };
        let before = turn.started_at.duration_since(alert.raised_at).unsigned_abs() < REPEATED_WITHIN;
        let repeats = before && !alert.informed().is_empty() && finding.repeats(&told);
        is_of(alert, turn) && finding.adds_nothing_to(&told) || repeats
    })
}

/// The next alert of the turn: should its cell live after all and have the same thing to tell, it is the same alert.
fn told(call: &Call, turn: &Turn, finding: Finding, raised: &[Alert]) -> NewAlert {
    let number = 1 + raised.iter().filter(|alert| is_of(alert, turn)).count();
    NewAlert {
        org: call.org,
        patient: Some(call.patient),
        call: Some(call.id),
        kind: AlertKind::Emergency,
        severity: finding.severity,
        key: key_of_emergency(&turn.item, number),
        cues: finding.cues.iter().map(|cue| (*cue).to_owned()).collect(),
        phrases: finding.phrases,
        words: Some(turn.text.clone()),
        written: None,
    }
}
