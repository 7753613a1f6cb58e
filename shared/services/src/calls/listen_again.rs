//! A call was lost by its cell: was there an emergency in it that nobody has told of?

use domain::alerts::{Alert, AlertKind, NewAlert, key_of_emergency};
use domain::calls::Call;
use domain::conversations::{Speaker, Turn};
use domain::emergencies::{Detector, Finding, JUDGED_AGAIN, REPEATED_WITHIN, Told, judge};
use domain::{CallId, Error, Language, Result, policy};

use super::current;
use crate::{CallCtx, alerts, outbox};

/// Looks again at what the patient said last in a call that its cell lost: the process may have stored a turn and died before
/// it asked for the alert. What was told while the call ran is not told again, and running this twice has one effect.
///
/// # Errors
/// When the store does not answer or a turn cannot be read; the turns that could be looked at were.
pub async fn listen_again(ctx: &CallCtx, call: CallId) -> Result<()> {
    let Some(call) = &current(ctx, call).await? else { return Ok(()) };
    let turns = ctx.store.conversations().legible_messages(call.id).await?;
    let mut failed = (turns.read.len() < turns.rows).then(|| Error::internal("a turn of a lost call cannot be read"));
    let said = |turn: &Turn| turn.speaker == Speaker::Patient && !turn.text.reveal().is_empty();
    let turns: Vec<Turn> = turns.read.into_iter().map(|message| message.turn).filter(said).collect();
    let latest = &turns[turns.len().saturating_sub(JUDGED_AGAIN)..];
    let system = policy::system("listen again to a call that was lost");
    let patient = ctx.store.patients().find_even_removed(&system, call.patient).await?;
    let Some(patient) = patient.filter(|_| !latest.is_empty()) else { return failed.map_or(Ok(()), Err) };
    let language = patient.profile.language;
    let phrases = ctx.store.phrases().listened(call.org, language).await?;
    let texts: Vec<String> = latest.iter().map(|turn| turn.text.reveal().clone()).collect();
    // Reading rules and phrases takes a while.
    let judged = tokio::task::spawn_blocking(move || {
        let detector = Detector::new(language, &phrases);
        texts.iter().map(|text| detector.judge(text).finding()).collect::<Vec<_>>()
    });
    let found = judged.await.map_err(|error| Error::internal(format!("no detector: {error}")))?;
    let mut raised = ctx.store.alerts().raised_in(call.id).await?;
    for (turn, finding) in latest.iter().zip(found) {
        let Some(finding) = finding.filter(|finding| !is_known(&raised, turn, finding, language)) else { continue };
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

fn is_of(alert: &Alert, turn: &Turn) -> bool {
    alert.content.key.starts_with(&key_of_emergency(&turn.item, ""))
}

/// Whether the alerts of this turn say as much, or one of about that time the same.
fn is_known(raised: &[Alert], turn: &Turn, finding: &Finding, language: Language) -> bool {
    let of_turn: Vec<&NewAlert> =
        raised.iter().filter(|alert| is_of(alert, turn)).map(|alert| &alert.content).collect();
    let cues: Vec<&String> = of_turn.iter().flat_map(|alert| &alert.cues).collect();
    let gravest = of_turn.iter().map(|alert| alert.severity).max();
    let said_so = gravest.is_some_and(|severity| {
        finding.adds_nothing_to(&Told { severity, cues: &cues, phrases: &[], of_other: false })
    });
    said_so
        || raised.iter().any(|alert| {
            let NewAlert { severity, ref cues, ref phrases, ref words, .. } = alert.content;
            let of_other = words.as_ref().is_some_and(|words| judge(words.reveal(), language).found().of_other);
            let near = turn.started_at.duration_since(alert.raised_at).unsigned_abs() < REPEATED_WITHIN;
            near && !alert.informed().is_empty() && finding.repeats(&Told { severity, cues, phrases, of_other })
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
