//! Telling of an alert.

use std::time::Duration;

use domain::alerts::{Alert, AlertKind, Channel, Delivery, Severity, mail, text_message};
use domain::caregivers::Caregiver;
use domain::jobs::Job;
use domain::orgs::Org;
use domain::{AlertId, Error, Kind, Result, Secret, policy};
use futures_util::future::join_all;
use jiff::SignedDuration;
use store::mongo::{Alerts, Lane};

use super::raise::nobody;
use super::{TELLING, recipients};
use crate::ctx::Post;
use crate::{CallCtx, live, outbox};

/// How long the tick keeps bringing an alert back that could not be told to everybody, since it was raised or climbed last. After
/// that it goes to the dead letter queue, and a person is called.
const KEEP_TRYING: SignedDuration = SignedDuration::from_hours(24);
/// How often is looked whether the quiet hours are over, when nothing else holds a message back.
const BETWEEN_LOOKS_AT_QUIET: SignedDuration = SignedDuration::from_mins(5);
/// How soon is looked again whether somebody else has done with telling.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// How far an alert has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// People who were told, now and before.
    pub informed: u32,
    /// Messages that should be sent and were not accepted yet.
    pub missing: u32,
    /// Messages that wait for the end of somebody's quiet hours.
    pub waiting: u32,
}

/// What telling came to, when nobody else was at it.
enum Outcome {
    /// It is gone, somebody saw to it, or its organisation was removed.
    Over,
    /// Somebody else tells of it this moment.
    Elsewhere,
    /// It was told.
    Told(Box<Alert>, Told),
}

/// Tells of an alert everybody who should know and was not told yet. Doing it twice, or twice at once, tells
/// nobody twice. What could not be told is tried again with the next tick, for a day; what waits for the end of somebody's
/// quiet hours, every few minutes.
///
/// # Errors
/// When somebody could not be told for a day, or nobody is there to be told.
pub async fn notify(ctx: &CallCtx, alert: AlertId) -> Result<()> {
    let (found, told) = match try_to_tell(ctx, alert).await? {
        Outcome::Over => return Ok(()),
        // Perhaps only to those of a lower rung: then it is looked at again.
        Outcome::Elsewhere => return again(ctx, alert, Lane::Alerts, SignedDuration::ZERO).await,
        Outcome::Told(found, told) => (found, told),
    };
    let late = ctx.now().duration_since(found.told_since()) > KEEP_TRYING;
    let Told { informed, missing, waiting } = told;
    if (missing > 0 || waiting > 0) && !late {
        // However many wait for the morning, or for a mail service, no emergency is behind them.
        let lane = if found.content.kind.is_emergency() { Lane::Alerts } else { Lane::Messages };
        let after = if missing > 0 { SignedDuration::ZERO } else { BETWEEN_LOOKS_AT_QUIET };
        return again(ctx, alert, lane, after).await;
    }
    // Quiet hours that last all day are somebody's choice, as long as somebody was told.
    match (missing, informed) {
        (0, 0) => Err(nobody()),
        (0, _) => Ok(()),
        _ => Err(Error::unavailable("post", format!("{missing} messages about an alert were not sent"))),
    }
}

/// Tells of an alert that was raised before, as soon as nobody else is at it.
///
/// # Errors
/// When the store does not answer, or nobody is there to be told.
pub(super) async fn tell_soon(ctx: &CallCtx, alert: AlertId) -> Result<()> {
    while matches!(try_to_tell(ctx, alert).await?, Outcome::Elsewhere) {
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Ok(())
}

async fn try_to_tell(ctx: &CallCtx, alert: AlertId) -> Result<Outcome> {
    let scope = policy::system("tell of an alert");
    let now = ctx.now();
    if !ctx.store.alerts().claim(alert, now, now + TELLING).await? {
        let open = ctx.store.alerts().find(&scope, alert).await?.is_some_and(|found| found.is_open(now));
        return Ok(if open { Outcome::Elsewhere } else { Outcome::Over });
    }
    let told = match ctx.store.alerts().find(&scope, alert).await? {
        // Somebody sees to it: nobody else is disturbed.
        Some(found) if !found.is_open(now) => {
            ctx.store.commit([Alerts::release(alert)]).await?;
            return Ok(Outcome::Over);
        }
        // Everybody who could be told was removed on purpose: that is no failure for a person to look at.
        Some(found) if matches!(ctx.store.orgs().find(&scope, found.content.org).await, Ok(None)) => {
            ctx.store.commit([Alerts::settle(alert), Alerts::release(alert)]).await?;
            return Ok(Outcome::Over);
        }
        Some(found) => tell(ctx, &found).await.map(|told| (found, told)),
        None => return Ok(Outcome::Over),
    };
    ctx.store.commit([Alerts::release(alert)]).await?;
    let (found, told) = told?;
    live::alert(ctx, &found).await;
    Ok(Outcome::Told(Box::new(found), told))
}

/// Has the tick bring an alert back.
async fn again(ctx: &CallCtx, alert: AlertId, lane: Lane, after: SignedDuration) -> Result<()> {
    ctx.store.commit([outbox::put_off(ctx, Job::NotifyAlert { alert_id: alert }, lane, after)?]).await
}

/// What somebody is still to be sent.
struct Message<'a> {
    to: &'a Caregiver,
    channel: Channel,
    /// They are in their quiet hours, and this is no emergency.
    quiet: bool,
}

impl<'a> Message<'a> {
    /// Whether it has to wait until their quiet hours are over: a mail wakes nobody.
    const fn waits(&self) -> bool {
        self.quiet && matches!(self.channel, Channel::Sms)
    }

    /// What is sent when this was refused for good, unless it is sent anyway or cannot be.
    fn instead(&self, alert: &Alert, others: &[Message<'a>]) -> Option<Self> {
        let channel = match self.channel {
            Channel::Mail => Channel::Sms,
            Channel::Sms => Channel::Mail,
        };
        let known = alert.is_delivered(self.to.id, channel)
            || others.iter().any(|other| other.to.id == self.to.id && other.channel == channel);
        let possible = match channel {
            Channel::Mail => self.to.email_verified,
            Channel::Sms => takes_texts(self.to),
        };
        (possible && !known).then_some(Self { channel, ..*self })
    }
}

/// Whether text messages reach them at all.
pub(super) fn takes_texts(to: &Caregiver) -> bool {
    to.phone_verified && to.phone.is_some()
}

/// Sends what is missing, everybody's at once, and writes down what was accepted.
pub(super) async fn tell(ctx: &CallCtx, alert: &Alert) -> Result<Told> {
    let scope = policy::system("tell of an alert");
    let recipients = recipients::of(ctx, &scope, alert).await?;
    if recipients.is_empty() {
        return Err(nobody());
    }
    let post = ctx.post.as_ref().ok_or_else(|| Error::unavailable("mail", "MAIL_FROM is not set"))?;
    let org = ctx.store.orgs().find(&scope, alert.content.org).await?.ok_or_else(nobody)?;
    let patient = match alert.content.patient {
        Some(patient) => ctx.store.patients().find_even_removed(&scope, patient).await?,
        None => None,
    };
    let patient = patient.ok_or_else(nobody)?;
    let mut messages = messages(ctx, alert, &org, &recipients);
    let name = patient.profile.name.reveal();
    let sending = join_all(messages.iter().map(|message| one(ctx, post, alert, &org, name, message)));
    // Whom no message reaches sees it in the app all the same.
    let (mut done, noted) = tokio::join!(sending, note_recipients(ctx, alert, &recipients));
    if let Err(error) = noted {
        tracing::warn!(alert = %alert.id, %error, "who is to be told was not written down");
    }
    // Whoever has just turned out to be reached one way only is told the other way in the same breath.
    let refused = messages.iter().zip(&done).filter(|(_, done)| **done == Some(false));
    let instead: Vec<Message<'_>> = refused.filter_map(|(message, _)| message.instead(alert, &messages)).collect();
    done.extend(join_all(instead.iter().map(|message| one(ctx, post, alert, &org, name, message))).await);
    messages.extend(instead);
    let accepted =
        messages.iter().zip(&done).filter(|(_, done)| **done == Some(true)).map(|(message, _)| message.to.id);
    let mut informed: Vec<_> = alert.informed().into_iter().chain(accepted).collect();
    informed.sort_unstable();
    informed.dedup();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let waiting = messages.iter().filter(|message| message.waits()).count();
    let missing = done.iter().filter(|done| done.is_none()).count() - waiting;
    Ok(Told { informed: number(informed.len()), missing: number(missing), waiting: number(waiting) })
}

async fn note_recipients(ctx: &CallCtx, alert: &Alert, recipients: &[Caregiver]) -> Result<()> {
    let new: Vec<_> = recipients.iter().map(|to| to.id).filter(|to| !alert.concerns(*to)).collect();
    if new.is_empty() { Ok(()) } else { ctx.store.commit([Alerts::meant_for(alert.id, &new)]).await }
}

/// What everybody is still to be sent: a mail, unless they want none and can be reached otherwise; a text message when
/// they have a verified number and want it, of what is grave. What was refused for good is no way to reach them.
fn messages<'a>(ctx: &CallCtx, alert: &Alert, org: &Org, recipients: &'a [Caregiver]) -> Vec<Message<'a>> {
    let (kind, now) = (alert.content.kind, ctx.now());
    let grave = kind.is_emergency() || alert.content.severity >= Severity::High;
    let mut messages = Vec::new();
    for to in recipients {
        // An address that is not verified may be somebody else's.
        let no_mail = !to.email_verified || alert.is_refused(to.id, Channel::Mail);
        let sms = takes_texts(to) && (grave && to.alerts.sms || no_mail);
        let mail = to.email_verified && (to.alerts.mail || !sms || alert.is_refused(to.id, Channel::Sms));
        let quiet = !kind.is_emergency() && to.alerts.is_quiet(now, &org.zone);
        for (channel, wanted) in [(Channel::Mail, mail), (Channel::Sms, sms)] {
            if wanted && !alert.is_delivered(to.id, channel) {
                messages.push(Message { to, channel, quiet });
            }
        }
    }
    messages
}

/// Sends a message: `Some(true)` when it was accepted for delivery, `Some(false)` when it never will be.
async fn one(
    ctx: &CallCtx,
    post: &Post,
    alert: &Alert,
    org: &Org,
    patient: &str,
    message: &Message<'_>,
) -> Option<bool> {
    if message.waits() {
        return None;
    }
    let Message { to, channel, .. } = *message;
    let kind: AlertKind = alert.content.kind;
    let sent = match channel {
        Channel::Mail => {
            let text = mail(kind, to.language, patient, alert.raised_at, &org.zone, &post.app);
            post.mail.send(&to.email, &text).await.map(drop)
        }
        Channel::Sms => {
            let text = Secret::from(text_message(kind, to.language, patient, &post.app).into_inner());
            // It was there when the message was decided on.
            post.sms.send(to.phone.as_ref()?, &text).await.map(drop)
        }
    };
    let accepted = match &sent {
        Ok(()) => true,
        Err(error) => {
            let id = alert.id;
            tracing::warn!(alert = %id, caregiver = %to.id, channel = channel.as_str(), %error, "a caregiver was not told");
            // What the number or the address makes impossible is not tried again.
            if error.kind != Kind::Invalid {
                return None;
            }
            false
        }
    };
    let delivery = Delivery { to: to.id, channel, at: ctx.now(), accepted };
    if let Err(error) = ctx.store.commit([Alerts::delivered(alert.id, delivery)]).await {
        tracing::warn!(alert = %alert.id, caregiver = %to.id, %error, "a caregiver will be told twice");
    }
    Some(accepted)
}
