//! Two who come at the same moment.

use std::time::Duration;

use domain::jobs::{Job, Queue};
use domain::{Origin, Role, Secret};
use futures_util::future::join_all;
use serde_json::json;
use services::auth::{Entry, Proof};
use testkit::{Client, PASSWORD, TestApp};

use crate::{accept, account_of, app, id, invitation, mailed, nobody, of, of_org};

fn role(app: &TestApp, client: &Client) -> String {
    of_org(app, &format!("/caregiver/{}/role", id(client)))
}

async fn administrators(app: &TestApp) -> Vec<domain::CaregiverId> {
    let system = domain::policy::system("a test");
    let found = app.ctx.store.caregivers().administrators(&system, app.home.id).await.unwrap();
    found.into_iter().filter(|admin| !admin.locked).map(|admin| admin.id).collect()
}

#[tokio::test]
async fn of_two_administrators_who_demote_each_other_one_stays() {
    for _ in 0..5 {
        let app = app().await;
        let second = app.caregiver(Role::OrgAdmin, |_| ()).await;
        let staff = json!({ "role": "staff" });
        let (one, other) = tokio::join!(
            app.admin.patch(role(&app, &second), staff.clone()),
            second.patch(role(&app, &app.admin), staff.clone()),
        );
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert!(statuses[0] == 200 && [401, 403, 409].contains(&statuses[1]), "{} {}", one.text, other.text);
        assert_eq!(administrators(&app).await.len(), 1);
    }
}

#[tokio::test]
async fn of_administrators_who_remove_lock_and_demote_each_other_in_a_ring_somebody_stays() {
    for _ in 0..5 {
        let app = app().await;
        let second = app.caregiver(Role::OrgAdmin, |_| ()).await;
        let third = app.caregiver(Role::OrgAdmin, |_| ()).await;
        let (one, two, three) = tokio::join!(
            app.admin.delete(of(&second, "")),
            second.patch(of(&third, ""), json!({ "accountLocked": true })),
            third.patch(role(&app, &app.admin), json!({ "role": "staff" })),
        );
        let statuses = [one.status, two.status, three.status].map(|status| status.as_u16());
        assert!(statuses.iter().any(|status| *status < 300), "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 204, 401, 403, 404, 409].contains(status)), "{statuses:?}");
        assert!(!administrators(&app).await.is_empty(), "{statuses:?}");
    }
}

#[tokio::test]
async fn of_two_administrators_who_leave_one_stays() {
    for _ in 0..5 {
        let app = app().await;
        let second = app.caregiver(Role::OrgAdmin, |_| ()).await;
        let (one, other) = tokio::join!(app.admin.delete(of(&app.admin, "")), second.delete(of(&second, "")));
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409], "{} {}", one.text, other.text);
        assert_eq!(administrators(&app).await.len(), 1);
    }
}

#[tokio::test]
async fn fifty_invitations_of_one_address_make_one_account_and_one_link_that_works() {
    let app = app().await;
    let email = nobody();
    let body = json!({ "name": "Sam Reed", "email": email });
    let replies = join_all((0..50).map(|_| app.admin.patch(of_org(&app, "/invite"), body.clone()))).await;
    let ids: Vec<_> =
        replies.iter().filter(|reply| reply.status == 200).map(|reply| &reply.json["caregiver"]["id"]).collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert!(replies.iter().all(|reply| [200, 409, 429].contains(&reply.status.as_u16())));
    let page = app.admin.get("/v1/caregivers?name=Sam%20Reed").await.ok(200);
    assert_eq!(page["totalResults"], 1);
    let mut works = 0;
    for (_, token) in mailed(&app, &email).await {
        works += u8::from(accept(&app, &Secret::new(token.unwrap()), &email).await.is_ok());
    }
    assert_eq!(works, 1);
}

#[tokio::test]
async fn of_two_organisations_that_invite_one_address_one_gets_it() {
    for _ in 0..5 {
        let app = app().await;
        let email = nobody();
        let body = json!({ "name": "Sam Reed", "email": email });
        let away = format!("/v1/orgs/{}/invite", app.stranger.caregiver().org);
        let (one, other) = tokio::join!(
            app.admin.patch(of_org(&app, "/invite"), body.clone()),
            app.stranger.patch(&away, body.clone())
        );
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        let winner = if one.status == 200 { app.home.id } else { app.stranger.caregiver().org };
        assert_eq!(account_of(&app, &email).await.unwrap().org, winner);
        assert_eq!(mailed(&app, &email).await.len(), 1);
    }
}

#[tokio::test]
async fn fifty_who_accept_one_invitation_are_one_account_with_one_sign_in() {
    let app = app().await;
    let email = nobody();
    app.admin.patch(of_org(&app, "/invite"), json!({ "name": "Sam Reed", "email": email })).await.ok(200);
    let token = invitation(&app, &email).await;
    let accepted = join_all((0..50).map(|_| accept(&app, &token, &email))).await;
    assert_eq!(accepted.iter().filter(|one| one.is_ok()).count(), 1);
    for error in accepted.iter().filter_map(|one| one.as_ref().err()) {
        assert!(["token_invalid", "token_used", "account_moved_on", "unavailable"].contains(&error.code), "{error}");
    }
    assert_eq!(account_of(&app, &email).await.unwrap().role, Role::Staff);
}

#[tokio::test]
async fn who_accepts_while_they_are_invited_again_comes_in_or_has_the_new_invitation() {
    let app = app().await;
    for n in 0..8 {
        let email = nobody();
        let body = json!({ "name": "Sam Reed", "email": email });
        app.admin.patch(of_org(&app, "/invite"), body).await.ok(200);
        let token = invitation(&app, &email).await;
        let again = async {
            // Argon2 takes a while: before, in the middle of and after it.
            tokio::time::sleep(Duration::from_millis(n * 25)).await;
            let body = json!({ "name": "Somebody else", "email": email });
            app.admin.patch(of_org(&app, "/invite"), body).await
        };
        let (accepted, again) = tokio::join!(accept(&app, &token, &email), again);
        let now = account_of(&app, &email).await.unwrap();
        if accepted.is_ok() {
            // Their own name, whatever they were called in the meantime.
            assert_eq!((now.role, now.name.as_str()), (Role::Staff, "Sam Reed"));
        } else {
            assert_eq!((now.role, again.status.as_u16()), (Role::Invited, 200));
            accept(&app, &invitation(&app, &email).await, &email).await.unwrap();
        }
        for (_, token) in mailed(&app, &email).await {
            let late = services::auth::invited(&app.accounts, &Secret::new(token.unwrap())).await;
            assert!(late.is_err(), "no invitation is left of who has come");
        }
    }
}

#[tokio::test]
async fn who_signs_in_while_they_are_removed_is_not_in() {
    let app = app().await;
    for n in 0..6 {
        let client = app.caregiver(Role::Staff, |_| ()).await;
        let email = client.caregiver().email.as_str().to_owned();
        let password = Secret::new(PASSWORD.to_owned());
        let entering = async {
            let proof = Proof::Password { email: &email, password: &password, code: None };
            services::auth::login(&app.accounts, proof, &Origin::default()).await
        };
        let removing = async {
            // Argon2 takes a while: removed before, in the middle of and after it.
            tokio::time::sleep(Duration::from_millis(n * 20)).await;
            app.admin.delete(of(&client, "")).await
        };
        let (entered, removed) = tokio::join!(entering, removing);
        removed.ok(204);
        if let Ok(Entry::SignedIn(login)) = entered {
            let inside = client.with_token(login.tokens.access.token.expose().clone());
            inside.get(of(&client, "")).await.refused(401, "session_ended");
            let refresh = &login.tokens.refresh.token;
            let refused = services::auth::refresh(&app.accounts, refresh, &Origin::default()).await.unwrap_err();
            assert_eq!(refused.code, "token_invalid");
        }
    }
}

#[tokio::test]
async fn nobody_is_assigned_to_who_is_removed_at_the_same_moment() {
    let app = app().await;
    for _ in 0..5 {
        let client = app.caregiver(Role::Staff, |_| ()).await;
        let mut patients = Vec::new();
        for name in ["Ada", "Bo", "Cy", "Di"] {
            patients.push(app.patient(name, &[]).await.id);
        }
        let assigned = patients.iter().map(|patient| {
            let (app, path) = (&app, of(&client, &format!("/patients/{patient}")));
            async move { app.admin.post(path, json!({})).await.status.as_u16() }
        });
        let (statuses, removed) = tokio::join!(join_all(assigned), app.admin.delete(of(&client, "")));
        removed.ok(204);
        assert!(statuses.iter().all(|status| [200, 404].contains(status)), "{statuses:?}");
        let system = domain::policy::system("a test").narrowed(app.home.id).unwrap();
        let left = app.ctx.store.patients().assigned_to(&system, &[client.caregiver().id]).await.unwrap();
        assert_eq!(left, []);
    }
}

#[tokio::test]
async fn a_lock_is_not_undone_by_who_changes_their_colours_at_the_same_moment() {
    let app = app().await;
    for _ in 0..5 {
        let client = app.caregiver(Role::Staff, |_| ()).await;
        let path = of(&client, "");
        let colours = (0..8).map(|n| {
            let theme = if n % 2 == 0 { "colorblind" } else { "healthcare" };
            client.patch(of(&client, "/theme"), json!({ "themePreference": theme }))
        });
        let (locked, _) = tokio::join!(app.admin.patch(&path, json!({ "accountLocked": true })), join_all(colours));
        locked.ok(200);
        assert_eq!(app.admin.get(&path).await.ok(200)["accountLocked"], true);
        client.get(&path).await.refused(401, "session_ended");
    }
}

#[tokio::test]
async fn a_mail_is_queued_for_every_invitation_that_was_answered() {
    let app = app().await;
    let emails: Vec<_> = (0..5).map(|_| nobody()).collect();
    let invitations = emails.iter().map(|email| {
        let body = json!({ "name": "Sam Reed", "email": email });
        app.admin.patch(of_org(&app, "/invite"), body)
    });
    for reply in join_all(invitations).await {
        reply.ok(200);
    }
    let queued = app.ctx.queues.receive(Queue::Jobs, 10, Duration::from_secs(2)).await.unwrap();
    let mails = queued.iter().filter(|one| matches!(serde_json::from_str(&one.body), Ok(Job::SendMail { .. })));
    assert_eq!(mails.count(), emails.len());
}
