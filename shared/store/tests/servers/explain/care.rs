//! The queries of alerts and phrases.

use domain::alerts::{
    Alert, AlertKind, Audience, Channel, Delivery, Importance, Mark, NewAlert, Resolution, Rung, Topic, Written,
};
use domain::emergencies::Severity;
use domain::phrases::{Category, Draft, Phrase};
use domain::{AlertId, CallId, CaregiverId, Language, OrgId, PatientId, PhraseId, Role, policy};
use jiff::Timestamp;
use store::mongo::{Alerts, Kinds, Phrases, Reader};
use store::{Store, Write};

use super::{id, page, scope};

/// Asks for everything that reads.
pub(super) async fn read(store: &Store) {
    let now = Timestamp::now();
    let system = policy::system("a test");
    let (patient, call, caregiver, org) = (PatientId(id(4)), CallId(id(5)), CaregiverId(id(6)), OrgId(id(7)));
    for scope in [&system, &scope(Role::Staff), &scope(Role::OrgAdmin)] {
        drop(store.alerts().find(scope, AlertId(id(8))).await);
        drop(store.alerts().open(scope, patient, now, 5).await);
        drop(store.phrases().find(scope, PhraseId(id(8))).await);
    }
    drop(store.alerts().by_key(patient, Some(call), "key").await);
    drop(store.alerts().raised_in(call).await);
    drop(store.alerts().claim(AlertId(id(8)), now, now).await);
    let german = Kinds { language: Some(Language::De), active: Some(true), ..Kinds::default() };
    for kinds in [Kinds::default(), german] {
        drop(store.phrases().list(org, kinds, &page("createdAt")).await);
        drop(store.phrases().every(org, kinds).await);
    }
    drop(store.phrases().count(org, Language::De).await);
    drop(store.phrases().listened(org, Language::De).await);
    for emergencies in [true, false] {
        drop(store.alerts().climbing(now, emergencies, 1, 5).await);
    }
    drop(store.alerts().lapsing(now, 5).await);
    for open in [true, false] {
        drop(store.alerts().list(org, Reader::All, open, 5).await);
        drop(store.alerts().list(org, Reader::By(caregiver, &[patient]), open, 5).await);
    }
    drop(store.caregivers().on_call(org).await);
}

/// Everything that writes.
pub(super) fn changes(now: Timestamp) -> Vec<Write> {
    let (alert, caregiver) = (AlertId(id(8)), CaregiverId(id(6)));
    let (mark, phrase) = (Mark { by: caregiver, at: now }, a_phrase(now));
    vec![
        Alerts::delivered(alert, Delivery { to: caregiver, channel: Channel::Mail, at: now, accepted: true }),
        Alerts::meant_for(alert, &[caregiver]),
        Alerts::settle(alert),
        Alerts::lapse(alert, now),
        Alerts::prolong(alert, now),
        Alerts::read(alert, caregiver),
        Alerts::resolve(alert, &Resolution { mark, note: None }).unwrap(),
        Alerts::rewrite(alert, &written(now)).unwrap(),
        Alerts::climb(&an_alert(now), Rung::OnCall, now, Some(now)).unwrap(),
        Alerts::remove(alert),
        Alerts::release(alert),
        Alerts::give_up(alert, now),
        Alerts::acknowledge(alert, mark),
        Alerts::read_all(&[alert], caregiver),
        Alerts::acknowledge_all(&[alert], mark),
        Phrases::alter(&phrase, &Phrase { updated_at: now, ..phrase.clone() }, now).unwrap(),
        Phrases::used(phrase.id, now),
        Phrases::remove(&phrase),
        Phrases::remove_all(OrgId(id(7))),
    ]
}

fn written(now: Timestamp) -> Written {
    Written {
        author: CaregiverId(id(1)),
        message: "Please bring her glasses.".to_owned().into(),
        importance: Importance::Low,
        topic: Topic::Patient,
        audience: Audience::AllCaregivers,
        conversation: None,
        relevant_until: Some(now),
    }
}

fn an_alert(now: Timestamp) -> Alert {
    let content = NewAlert {
        org: OrgId(id(7)),
        patient: Some(PatientId(id(4))),
        call: None,
        kind: AlertKind::Written,
        severity: Severity::High,
        key: "key".to_owned(),
        cues: Vec::new(),
        phrases: Vec::new(),
        words: None,
        written: Some(written(now)),
    };
    Alert::raise(AlertId(id(8)), content, now)
}

fn a_phrase(now: Timestamp) -> Phrase {
    let draft = Draft {
        phrase: "my clock has stopped".to_owned(),
        language: Language::En,
        severity: Severity::Critical,
        category: Category::Medical,
        pattern: "clock".to_owned(),
        active: true,
        description: None,
        tags: Vec::new(),
    };
    Phrase {
        id: PhraseId(id(8)),
        org: OrgId(id(7)),
        draft,
        created_by: CaregiverId(id(1)),
        modified_by: CaregiverId(id(1)),
        usage_count: 0,
        last_used: None,
        created_at: now,
        updated_at: now,
    }
}
