//! Who owns which live call.

use domain::CallId;
use domain::calls::Speaking;
use jiff::SignedDuration;
use store::dynamo::Command;

use crate::app;

const LEASE: SignedDuration = SignedDuration::from_secs(15);

#[tokio::test]
async fn of_many_cells_one_gets_the_call() {
    let app = app().await;
    let now = app.ctx.now();
    let call = CallId::generate(now, &*app.ctx.random);
    let claims = (0..20).map(|n| {
        let live = app.ctx.live.clone();
        tokio::spawn(async move { live.claim(call, &format!("cell-{n}"), n, now, now + LEASE).await.unwrap() })
    });
    let mut winners = 0;
    for claim in claims.collect::<Vec<_>>() {
        winners += u32::from(claim.await.unwrap());
    }
    assert_eq!(winners, 1);
}

#[tokio::test]
async fn a_lease_that_ran_out_can_be_taken_and_its_old_owner_notices() {
    let app = app().await;
    let (live, now) = (&app.ctx.live, app.ctx.now());
    let call = CallId::generate(now, &*app.ctx.random);
    assert!(live.claim(call, "old", 1, now, now + LEASE).await.unwrap());
    assert!(!live.claim(call, "new", 2, now + LEASE, now + LEASE + LEASE).await.unwrap());
    let later = now + LEASE + SignedDuration::from_secs(1);
    assert!(live.claim(call, "new", 3, later, later + LEASE).await.unwrap());
    assert!(live.renew(call, "old", later + LEASE, &Speaking::default()).await.unwrap().is_none());
    // What the old owner lets go of is not its own any more.
    live.release(call, "old").await.unwrap();
    assert_eq!(live.find(call).await.unwrap().unwrap().cell, "new");
}

#[tokio::test]
async fn a_command_waits_with_the_lease_until_its_owner_looks() {
    let app = app().await;
    let (live, now) = (&app.ctx.live, app.ctx.now());
    let call = CallId::generate(now, &*app.ctx.random);
    assert_eq!(live.command(call, Command::End, now).await.unwrap(), None, "nobody owns it");
    live.claim(call, "cell-1", 1, now, now + LEASE).await.unwrap();
    assert_eq!(live.command(call, Command::End, now).await.unwrap().as_deref(), Some("cell-1"));
    let speaking = Speaking { ai: true, ai_since: Some(now), ..Speaking::default() };
    let seen = live.renew(call, "cell-1", now + LEASE, &speaking).await.unwrap().unwrap();
    assert_eq!((seen.command, seen.speaking), (Some(Command::End), speaking));
    live.release(call, "cell-1").await.unwrap();
    assert_eq!(live.find(call).await.unwrap(), None);
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_can_be_repeated_but_not_by_another() {
    let app = app().await;
    let (live, now) = (&app.ctx.live, app.ctx.now());
    let call = CallId::generate(now, &*app.ctx.random);
    assert!(live.claim(call, "cell-1", 7, now, now + LEASE).await.unwrap());
    assert!(live.claim(call, "cell-1", 7, now, now + LEASE).await.unwrap());
    assert!(!live.claim(call, "cell-1", 8, now, now + LEASE).await.unwrap());
}

#[tokio::test]
async fn a_command_is_not_left_with_the_dead() {
    let app = app().await;
    let (live, now) = (&app.ctx.live, app.ctx.now());
    let call = CallId::generate(now, &*app.ctx.random);
    live.claim(call, "cell-1", 1, now, now + LEASE).await.unwrap();
    let later = now + LEASE + SignedDuration::from_secs(1);
    assert_eq!(live.command(call, Command::End, later).await.unwrap(), None);
}

#[tokio::test]
async fn a_call_is_adopted_by_its_own_cell_or_from_the_dead_and_keeps_its_command() {
    let app = app().await;
    let (live, now) = (&app.ctx.live, app.ctx.now());
    let call = CallId::generate(now, &*app.ctx.random);
    live.claim(call, "cell-1", 1, now, now + LEASE).await.unwrap();
    live.command(call, Command::End, now).await.unwrap();
    assert!(!live.adopt(call, "cell-2", 2, now, now + LEASE).await.unwrap(), "its owner lives");
    assert!(live.adopt(call, "cell-1", 3, now, now + LEASE).await.unwrap());
    let later = now + LEASE + SignedDuration::from_secs(1);
    assert!(live.adopt(call, "cell-2", 4, later, later + LEASE).await.unwrap());
    assert!(live.adopt(call, "cell-2", 4, later, later + LEASE).await.unwrap(), "an answer that was lost");
    assert!(!live.adopt(call, "cell-3", 5, later, later + LEASE).await.unwrap());
    let found = live.find(call).await.unwrap().unwrap();
    assert_eq!((found.cell.as_str(), found.command), ("cell-2", Some(Command::End)));
}
