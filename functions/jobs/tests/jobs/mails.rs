//! Mails about accounts: sent by the worker, put off and handed over again by the tick.

use domain::{Language, Origin, Role, Secret};
use jiff::SignedDuration;
use mongodb::bson::{Document, doc, oid::ObjectId};
use serde_json::{Value, json};
use services::auth::{self, NewOrg, Verified};
use services::mails;
use testkit::{Cable, house};

use crate::calls::tick;
use crate::office::{Office, worked, worker};

fn part<'a>(mail: &'a Value, name: &str) -> &'a str {
    mail["Content"]["Simple"]["Body"][name]["Data"].as_str().unwrap()
}

fn token_of(text: &str) -> Secret {
    let (_, rest) = text.split_once("?token=").unwrap();
    let token: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    token.into()
}

#[tokio::test]
async fn a_mail_has_two_parts_in_the_language_of_its_reader_and_a_link_that_opens() {
    let office = Office::open().await;
    let new = NewOrg {
        name: "Nora van Dam".parse().unwrap(),
        email: "nora@care.example".parse().unwrap(),
        phone: "+15550100123".parse().unwrap(),
        password: "tulips in the rain 7".to_owned().into(),
        language: Language::De,
    };
    auth::register(&office.app.accounts, new, &Origin::default()).await.unwrap();
    assert_eq!(office.work().await, 1);
    let mail = office.sent().remove(0);
    assert_eq!(mail["FromEmailAddress"], "bianca@demo.example");
    assert_eq!(mail["Destination"], json!({ "ToAddresses": ["nora@care.example"] }));
    let subject = mail["Content"]["Simple"]["Subject"]["Data"].as_str().unwrap();
    assert!(subject.contains("Adresse"), "{subject}");
    let (text, page) = (part(&mail, "Text"), part(&mail, "Html"));
    assert!(text.contains("Nora van Dam") && page.contains("lang=\"de\""), "{text}\n{page}");
    assert!(text.lines().any(|line| line.starts_with("https://app.example/auth/verify-email?token=")), "{text}");
    assert_eq!(token_of(text).expose(), token_of(page).expose());

    let opened = auth::verify_email(&office.app.accounts, &token_of(text), &Origin::default()).await.unwrap();
    let Verified::SignedIn(login) = opened else { panic!("{opened:?}") };
    assert_eq!(login.caregiver.email.as_str(), "nora@care.example");
    assert_eq!(office.waiting().await, 0);
}

#[tokio::test]
async fn a_job_that_comes_twice_or_often_at_once_sends_one_mail() {
    let office = Office::open().await;
    office.forgot(&office.app.staff).await;
    let messages = office.messages().await;
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (ctx, messages) = (office.ctx.clone(), messages.clone());
            tokio::spawn(async move { worked(&ctx, &messages).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 0);
    }
    assert_eq!(worked(&office.ctx, &messages).await, 0);
    assert_eq!(office.sent().len(), 1, "of 21 tries");
}

#[tokio::test]
async fn what_the_mail_service_does_not_take_is_put_off_and_sent_once_when_it_does() {
    let office = Office::open().await;
    let away = office.app.caregiver(Role::Staff, |caregiver| caregiver.email_verified = false).await;
    auth::resend(&office.app.accounts, &away.caregiver().email, &Origin::default()).await.unwrap();
    office.answers(400);
    let mut tries = Vec::new();
    for minute in 0..60 {
        if office.work().await > 0 {
            tries.push(minute);
        }
        office.later(1).await;
    }
    assert!((4..=7).contains(&tries.len()), "tried in the minutes {tries:?}");
    assert!(office.sent().is_empty() && office.waiting().await == 1);

    office.answers(0);
    for _ in 0..70 {
        office.later(1).await;
        office.work().await;
    }
    assert_eq!(office.sent().len(), 1, "after tries in the minutes {tries:?}");
    let token = token_of(part(&office.sent()[0], "Text"));
    auth::verify_email(&office.app.accounts, &token, &Origin::default()).await.unwrap();
    assert_eq!(office.waiting().await, 0);
}

#[tokio::test]
async fn a_mail_service_that_cannot_be_reached_is_waited_for() {
    let office = Office::open().await;
    office.forgot(&office.app.staff).await;
    let messages = office.messages().await;
    let nowhere = worker(&office.app, "http://127.0.0.1:1").await;
    assert_eq!(worked(&nowhere, &messages).await, 0, "the tick takes care of it, not the queue");
    assert!(office.waiting().await == 1 && office.sent().is_empty());
    for _ in 0..3 {
        office.later(1).await;
        office.work().await;
    }
    assert_eq!(office.sent().len(), 1);
}

#[tokio::test]
async fn a_mail_whose_job_was_lost_is_handed_over_by_the_tick() {
    let office = Office::open().await;
    office.forgot(&office.app.staff).await;
    assert_eq!(office.messages().await.len(), 1, "and now it is gone");
    tick(&office.app).await.unwrap();
    assert_eq!(office.work().await, 0, "whoever wrote it is about to hand it over");
    office.later(1).await;
    assert_eq!(office.work().await, 1);
    assert_eq!(office.sent().len(), 1);
    office.later(5).await;
    assert_eq!(office.work().await, 0);
}

#[tokio::test]
async fn a_queue_that_is_away_loses_no_mail() {
    let env = house().env_with_queues().await;
    let endpoint = config::Aws::from_env(&env).unwrap().endpoint.unwrap();
    let cable = Cable::to(endpoint.as_str()).await;
    let office = Box::pin(Office::behind(&cable.through(endpoint.as_str()))).await;
    cable.cut();
    office.forgot(&office.app.staff).await;
    cable.mend().await;
    office.later(1).await;
    assert!(office.work().await >= 1);
    assert_eq!(office.sent().len(), 1);
}

#[tokio::test]
async fn there_is_no_mail_to_somebody_who_is_gone_and_none_with_a_link_that_is() {
    let office = Office::open().await;
    let app = &office.app;
    office.forgot(&app.staff).await;
    let id: ObjectId = app.staff.caregiver().id.to_string().parse().unwrap();
    let database = app.database().await;
    let rows = database.collection::<Document>("caregivers");
    rows.update_one(doc! { "_id": id }, doc! { "$set": { "deleted": true }, "$unset": { "email": "" } }).await.unwrap();
    assert_eq!(office.work().await, 1);
    assert!(office.sent().is_empty() && office.waiting().await == 0, "removed");

    office.forgot(&app.colleague).await;
    app.clock.advance(SignedDuration::from_mins(10));
    assert_eq!(office.work().await, 1);
    assert!(office.sent().is_empty() && office.waiting().await == 0, "expired");

    // Of two links the first is overtaken; one that was used is not sent either.
    office.forgot(&app.admin).await;
    office.forgot(&app.admin).await;
    assert_eq!(office.work().await, 2);
    assert_eq!(office.sent().len(), 1, "overtaken");
    office.forgot(&app.admin).await;
    let messages = office.messages().await;
    let tokens = database.collection::<Document>("tokens");
    tokens.update_many(doc! {}, doc! { "$set": { "used": true } }).await.unwrap();
    assert_eq!(worked(&office.ctx, &messages).await, 0);
    assert_eq!((office.sent().len(), office.waiting().await), (1, 0), "used");
}

#[tokio::test]
async fn after_a_day_a_mail_is_given_up() {
    let office = Office::open().await;
    let app = &office.app;
    // One without a link, whose end would end it.
    let reset = app.one_time(domain::tokens::Purpose::ResetPassword, app.staff.caregiver().id).await;
    let password = "tulips in the rain 7".to_owned().into();
    auth::reset(&app.accounts, &reset, &password, &Origin::default()).await.unwrap();
    office.answers(400);
    office.work().await;
    for hour in 0..24 {
        assert_eq!(office.waiting().await, 1, "after {hour} hours");
        office.later(62).await;
        office.work().await;
    }
    for _ in 0..3 {
        office.later(62).await;
        office.work().await;
    }
    assert_eq!(office.waiting().await, 0);
    office.answers(0);
    office.later(62).await;
    assert_eq!(office.work().await, 0);
    assert!(office.sent().is_empty());
}

#[tokio::test]
async fn without_a_sender_the_job_comes_back() {
    let office = Office::open().await;
    office.forgot(&office.app.staff).await;
    let messages = office.messages().await;
    let mut ctx = office.ctx.clone();
    ctx.base.post = None;
    assert_eq!(worked(&ctx, &messages).await, 1);
    assert_eq!(worked(&office.ctx, &messages).await, 0);
    assert_eq!(office.sent().len(), 1);
    let gone = mails::deliver_due(&office.app.ctx).await.unwrap();
    assert_eq!(gone, 0);
}
