//! Writes that belong together.

use domain::calls::{Call, Status};
use domain::caregivers::Caregiver;
use domain::patients::Profile;
use domain::phone_codes::OpenCode;
use domain::{CallId, Role, policy};
use store::mongo::{Calls, Caregivers, Conversations, Patients, indexes};

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
    let rename = Patients::alter(&system, ada.id, &ada.profile, &profile, app.ctx.now()).unwrap();
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

#[tokio::test]
async fn of_two_who_change_different_things_of_a_patient_neither_is_undone() {
    let app = app().await;
    let system = policy::system("test");
    let ada = app.patient("Ada", &[]).await;
    let seen = Profile { recording_consent: true, ..ada.profile.clone() };
    let write =
        |before: &Profile, after: &Profile| Patients::alter(&system, ada.id, before, after, app.ctx.now()).unwrap();
    app.ctx.store.commit([write(&ada.profile, &seen)]).await.unwrap();
    // Both saw the same; one withdraws a consent while the other corrects a number and an age.
    let withdrawn = Profile { recording_consent: false, ..seen.clone() };
    let corrected = Profile { phone: "+15550100177".parse().unwrap(), age: Some(91), ..seen.clone() };
    let writes = [write(&seen, &withdrawn), write(&seen, &corrected)];
    for write in writes {
        app.ctx.store.commit([write]).await.unwrap();
    }
    let now = app.ctx.store.patients().find(&system, ada.id).await.unwrap().unwrap().profile;
    assert_eq!((now.recording_consent, now.phone.as_str(), now.age), (false, "+15550100177", Some(91)));
}

#[tokio::test]
async fn what_is_verified_in_the_moment_in_which_it_is_changed_is_not_verified() {
    let app = app().await;
    let seen = app.staff.caregiver();
    let now = app.ctx.now();
    let other = Caregiver { phone: Some("+15550100177".parse().unwrap()), phone_verified: false, ..seen.clone() };
    let change = Caregivers::alter(seen, &other, now).unwrap();
    let number = "+15550100176".parse().unwrap();
    let code = OpenCode { number, before: seen.phone.clone(), hash: [1; 32], expires_at: now, attempts: 1 };
    app.ctx.store.commit([Caregivers::verify_phone(seen, &code, now)]).await.unwrap();
    assert_eq!(app.ctx.store.commit([change]).await.unwrap_err().code, "account_moved_on");

    // An address, verified before it is another one: the change says that the new one is not.
    let unverified = Caregiver { email_verified: false, ..app.colleague.caregiver().clone() };
    let moved = Caregiver { email: format!("x{}", unverified.email.as_str()).parse().unwrap(), ..unverified.clone() };
    let change = Caregivers::alter(&unverified, &moved, now).unwrap();
    app.ctx.store.commit([Caregivers::set_verified(&unverified)]).await.unwrap();
    app.ctx.store.commit([change]).await.unwrap();
    let (stored, _) = app.ctx.store.caregivers().account(unverified.id).await.unwrap().unwrap();
    assert_eq!((stored.email, stored.email_verified), (moved.email, false));
}

#[tokio::test]
async fn whoever_accepts_or_is_invited_again_does_not_lapse() {
    let app = app().await;
    let now = app.ctx.now();
    let (accepted, renewed) = (app.caregiver(Role::Invited, |_| ()).await, app.caregiver(Role::Invited, |_| ()).await);
    let lapses = [&accepted, &renewed].map(|client| Caregivers::lapse(client.caregiver(), now));
    let joined = Caregiver { role: Role::Staff, ..accepted.caregiver().clone() };
    let renamed = Caregiver { name: "Sam".into(), ..renewed.caregiver().clone() };
    let join = Caregivers::join(&joined, &"hash".to_owned().into(), now);
    let renew = Caregivers::invite_again(renewed.caregiver(), &renamed, now).unwrap();
    app.ctx.store.commit([join, renew]).await.unwrap();
    for lapse in lapses {
        assert_eq!(app.ctx.store.commit([lapse]).await.unwrap_err().code, "account_moved_on");
    }
}
