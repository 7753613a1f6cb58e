//! Writes that belong together.

use domain::calls::{Call, Status};
use domain::{CallId, policy};
use store::mongo::{Calls, Conversations, Patients, indexes};

use crate::app;

#[tokio::test]
async fn all_of_the_writes_or_none_of_them() {
    let app = app().await;
    let system = policy::system("test");
    let ada = app.patient("Ada", &[]).await;
    let call = |now| Call::request(CallId::generate(now, &*app.ctx.random), ada.org, ada.id, None, None, now);
    let (first, second) = (call(app.ctx.now()), call(app.ctx.now()));
    app.ctx.store.commit([Calls::add(&first).unwrap()]).await.unwrap();

    let mut profile = ada.profile.clone();
    profile.name = "Renamed".to_owned().into();
    let rename = Patients::rewrite(&system, ada.id, &profile, app.ctx.now()).unwrap();
    // The second write cannot be done: the patient is being called already.
    let refused = app.ctx.store.commit([rename, Calls::add(&second).unwrap()]).await.unwrap_err();
    assert_eq!(refused.code, "call_in_progress");
    let seen = app.ctx.store.patients().find(&system, ada.id).await.unwrap().unwrap();
    assert_eq!(seen.profile.name.reveal(), "Ada", "half of the writes were done");
    assert!(app.ctx.store.calls().find(&system, second.id).await.unwrap().is_none());
}

#[tokio::test]
async fn transactions_that_meet_are_all_done() {
    let app = app().await;
    let system = policy::system("test");
    let ada = app.patient("Ada", &[]).await;
    let others = [&app.staff, &app.colleague, &app.admin, &app.invited, &app.stranger];
    let meeting = others.map(|client| {
        let (store, system, now) = (app.ctx.store.clone(), system.clone(), app.ctx.now());
        let (patient, caregiver) = (ada.id, client.caregiver().id);
        tokio::spawn(async move {
            // Two writes, so that it is a transaction, on a document that all of them want.
            let again = Patients::assign(&system, patient, caregiver, now);
            store.commit([Patients::assign(&system, patient, caregiver, now), again]).await
        })
    });
    for task in meeting {
        task.await.unwrap().unwrap();
    }
    let seen = app.ctx.store.patients().find(&system, ada.id).await.unwrap().unwrap();
    assert_eq!(seen.caregivers.len(), 5);
}

#[tokio::test]
async fn a_change_of_what_has_changed_meanwhile_is_refused() {
    let app = app().await;
    let ada = app.patient("Ada", &[]).await;
    let now = app.ctx.now();
    let call = Call::request(CallId::generate(now, &*app.ctx.random), ada.org, ada.id, None, None, now);
    app.ctx.store.commit([Calls::add(&call).unwrap()]).await.unwrap();
    let advanced = |status| {
        let mut after = call.clone();
        after.advance(status, now);
        Calls::change(&call, &after).unwrap()
    };
    app.ctx.store.commit([advanced(Status::Ringing)]).await.unwrap();
    let late = app.ctx.store.commit([advanced(Status::Dialing)]).await.unwrap_err();
    assert_eq!(late.code, "call_moved_on");
}

#[tokio::test]
async fn a_turn_written_twice_is_there_once_with_its_last_words() {
    let app = app().await;
    let now = app.ctx.now();
    let call = CallId::generate(now, &*app.ctx.random);
    let turn = |text: &str| domain::conversations::Turn {
        item: "item_1".to_owned(),
        order: 0,
        speaker: domain::conversations::Speaker::Patient,
        text: text.to_owned().into(),
        started_at: now,
        heard_ms: None,
        complete: false,
    };
    for text in ["My", "My knee", "My knee hurts."] {
        let id = domain::MessageId::generate(now, &*app.ctx.random);
        app.ctx.store.commit([Conversations::record(id, call, &turn(text))]).await.unwrap();
    }
    let messages = app.ctx.store.conversations().messages(call).await.unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].turn.text.reveal(), "My knee hurts.");
}

#[tokio::test]
async fn making_the_indexes_again_changes_nothing() {
    let app = app().await;
    for _ in 0..2 {
        app.ctx.store.create_indexes().await.unwrap();
    }
    let mut names: Vec<_> = indexes::ALL.iter().map(|index| index.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), indexes::ALL.len(), "two indexes have one name");
}
