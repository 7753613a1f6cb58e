//! An alert that somebody writes.

use domain::alerts::{Alert, AlertKind, Audience, Importance, NewAlert, Topic, Written, message};
use domain::audit::{self, Subject};
use domain::policy::{self, Action, Resource};
use domain::{AlertId, CallId, Caller, Error, PatientId, Result};
use jiff::Timestamp;
use store::mongo::Alerts;

use super::list::Shown;
use crate::audit::{by, note, watch};
use crate::{Ctx, live, patients};

/// What somebody wants others to know.
#[derive(Clone, Debug)]
pub struct New {
    /// What.
    pub message: String,
    /// How much it matters.
    pub importance: Importance,
    /// What it is about.
    pub topic: Topic,
    /// Whom it is about.
    pub patient: Option<PatientId>,
    /// The conversation it is about.
    pub conversation: Option<CallId>,
    /// Who sees it.
    pub audience: Audience,
    /// Until when it matters.
    pub relevant_until: Option<Timestamp>,
}

/// Puts up what somebody wrote. Nobody is sent a message: it is in the lists of those whom it is for.
///
/// # Errors
/// `validation_failed` naming what is missing or wrong; `patient_not_found` and `conversation_not_found` outside the
/// caller's scope.
pub async fn create(ctx: &Ctx, caller: &Caller, new: New) -> Result<Shown> {
    let about = new.patient.map_or_else(|| "new".to_owned(), |patient| patient.to_string());
    let work = async {
        let scope = policy::grant(caller, Action::Create, Resource::Alert)?;
        let now = ctx.now();
        let text = message(&new.message)?;
        if new.relevant_until.is_some_and(|until| until <= now) {
            return Err(Error::field("relevanceUntil", "must be in the future"));
        }
        if new.topic != Topic::System && new.patient.is_none() {
            return Err(Error::field("relatedPatient", "is required"));
        }
        if new.topic == Topic::Conversation && new.conversation.is_none() {
            return Err(Error::field("relatedConversation", "is required"));
        }
        let patient = match new.patient {
            Some(patient) => Some(patients::visible(ctx, &scope, patient).await?),
            None => None,
        };
        if let Some(conversation) = new.conversation {
            let missing = || Error::not_found("conversation_not_found", "There is no such conversation.");
            let call = ctx.store.calls().find(&scope, conversation).await?.ok_or_else(missing)?;
            if patient.as_ref().is_none_or(|patient| patient.id != call.patient) {
                return Err(missing());
            }
        }
        let id = AlertId::generate(now, &*ctx.random);
        let content = NewAlert {
            org: patient.as_ref().map_or(caller.org, |patient| patient.org),
            patient: new.patient,
            call: None,
            kind: AlertKind::Written,
            severity: new.importance.severity(),
            key: format!("written_{id}"),
            cues: Vec::new(),
            phrases: Vec::new(),
            words: None,
            written: Some(Written {
                author: caller.caregiver,
                message: text,
                importance: new.importance,
                topic: new.topic,
                audience: new.audience,
                conversation: new.conversation,
                relevant_until: new.relevant_until,
            }),
        };
        let alert = Alert::raise(id, content, now);
        let record = by(ctx, caller, audit::Action::Create, Subject::Alert).within(alert.content.org);
        let ids = [Some(id.to_string()), new.patient.map(|patient| patient.to_string())];
        let record = note(&record.about(ids.into_iter().flatten()))?;
        ctx.store.commit([Alerts::add_once(&alert)?, record]).await?;
        live::alert(ctx, &alert).await;
        Ok(Shown { alert, patient })
    };
    watch(ctx, caller, audit::Action::Create, Subject::Alert, about, work).await
}
