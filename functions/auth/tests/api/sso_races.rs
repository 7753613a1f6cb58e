//! `POST /v1/sso/login`: many at once.

use std::collections::BTreeSet;

use domain::audit::Action;
use serde_json::json;
use testkit::{PASSWORD, Reply};

use crate::sso::{LOGIN, Person, Sso};

/// All of these bodies at the same time, from many windows of one browser.
async fn at_once(sso: &Sso, bodies: Vec<serde_json::Value>) -> Vec<Reply> {
    let send = |body| {
        let client = sso.app.anyone.clone();
        tokio::spawn(async move { client.post(LOGIN, body).await })
    };
    let tasks: Vec<_> = bodies.into_iter().map(send).collect();
    let mut replies = Vec::new();
    for task in tasks {
        replies.push(task.await.unwrap());
    }
    replies
}

fn signed_in(replies: &[Reply]) -> Vec<&Reply> {
    replies.iter().filter(|reply| reply.status == 200).collect()
}

#[tokio::test]
async fn of_fifty_with_one_token_one_is_signed_in() {
    let sso = Sso::start().await;
    let nora = Person::at("google");
    let org = sso.login(&nora, json!({})).await.ok(200)["org"]["id"].as_str().unwrap().parse().unwrap();
    let shown = sso.fresh(&nora, json!({})).await;
    let replies = at_once(&sso, vec![shown; 50]).await;
    assert_eq!(signed_in(&replies).len(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.refused(401, "sso_token_invalid");
    }
    assert_eq!(sso.noted(Some(org), Action::Login, None).await, 2, "the first, and one of fifty");
}

#[tokio::test]
async fn of_fifty_with_one_token_who_are_new_one_is_registered() {
    let sso = Sso::start().await;
    let shown = sso.fresh(&Person::at("microsoft"), json!({})).await;
    let replies = at_once(&sso, vec![shown; 50]).await;
    assert_eq!(signed_in(&replies).len(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.refused(401, "sso_token_invalid");
    }
}

#[tokio::test]
async fn who_signs_up_in_twenty_windows_has_one_organisation() {
    let sso = Sso::start().await;
    let nora = Person::at("google");
    let mut bodies = Vec::new();
    for _ in 0..20 {
        bodies.push(sso.fresh(&nora, json!({})).await);
    }
    let replies = at_once(&sso, bodies).await;
    let accounts: BTreeSet<_> = replies
        .into_iter()
        .map(|reply| {
            let body = reply.ok(200);
            (body["user"]["id"].to_string(), body["org"]["id"].to_string())
        })
        .collect();
    assert_eq!(accounts.len(), 1);
    let org = accounts.first().unwrap().1.trim_matches('"').parse().unwrap();
    assert_eq!(sso.noted(Some(org), Action::Registered, None).await, 1);
    assert_eq!(sso.app.ctx.store.caregivers().ids_of(org).await.unwrap().len(), 1);
}

#[tokio::test]
async fn of_two_accounts_at_providers_only_one_is_linked() {
    let sso = Sso::start().await;
    let mut bodies = Vec::new();
    // No more than may try the password from one place.
    for n in 0..5 {
        let person = Person::with_address_of(["google", "microsoft"][n % 2], &sso.app.staff);
        bodies.push(sso.fresh(&person, json!({ "password": PASSWORD })).await);
    }
    let replies = at_once(&sso, bodies).await;
    assert_eq!(signed_in(&replies).len(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.refused(409, "sso_linked_elsewhere");
    }
    assert_eq!(sso.noted(Some(sso.app.home.id), Action::SsoLinked, None).await, 1);
}

#[tokio::test]
async fn the_same_person_who_links_in_many_windows_is_let_in_in_each() {
    let sso = Sso::start().await;
    let sam = Person::with_address_of("google", &sso.app.staff);
    let mut bodies = Vec::new();
    for _ in 0..5 {
        bodies.push(sso.fresh(&sam, json!({ "password": PASSWORD })).await);
    }
    let replies = at_once(&sso, bodies).await;
    assert_eq!(signed_in(&replies).len(), 5, "{replies:?}");
    assert_eq!(sso.noted(Some(sso.app.home.id), Action::SsoLinked, None).await, 1);
}
