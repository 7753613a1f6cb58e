//! Calls whose cell died, and calls nobody took.

use std::time::Duration;

use domain::calls::{EndReason, Outcome, Status};
use domain::policy;
use jiff::SignedDuration;
use serde_json::json;
use services::calls::{self, Kept};

use crate::{alone, initiate, status};
use testkit::cell::{self, CELL};

#[tokio::test]
async fn a_call_whose_cell_died_is_ended_and_its_patient_can_be_called_again() {
    let app = alone().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let mut call = cell::take(&app.ctx).await.unwrap();
    cell::progress(&app.ctx, &mut call, Status::Connected).await;

    app.clock.advance(SignedDuration::from_secs(10));
    calls::sweep(&app.ctx, calls::SWEPT_WITHIN).await.unwrap();
    assert_eq!(status(&app.staff, id).await["callStatus"], "connected", "its lease still holds");

    app.clock.advance(SignedDuration::from_secs(30));
    calls::sweep(&app.ctx, calls::SWEPT_WITHIN).await.unwrap();
    let seen = status(&app.staff, id).await;
    assert_eq!((&seen["callStatus"], &seen["status"]), (&json!("ended"), &json!("completed")));
    initiate(&app.staff, &ada).await;
}

#[tokio::test]
async fn a_cell_that_was_cut_off_hears_that_its_call_was_ended() {
    let app = alone().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    initiate(&app.staff, &ada).await;
    let mut call = cell::take(&app.ctx).await.unwrap();
    cell::progress(&app.ctx, &mut call, Status::Connected).await;
    app.clock.advance(SignedDuration::from_secs(40));
    calls::sweep(&app.ctx, calls::SWEPT_WITHIN).await.unwrap();
    let renewal = calls::renew(&app.ctx, call.id, CELL, &domain::calls::Speaking::default()).await.unwrap();
    assert_eq!(renewal, None, "two calls to one patient would go on");
    // What it still writes changes nothing.
    calls::finish(&app.ctx, &call, Outcome::Answered, EndReason::CallerHungUp, app.ctx.now()).await.unwrap();
    let ended = app.ctx.store.calls().find(&policy::system("test"), call.id).await.unwrap().unwrap();
    assert_eq!(ended.end_reason, Some(EndReason::OwnerLost));
}

#[tokio::test]
async fn a_message_that_comes_late_does_not_disturb_a_call_whose_lease_has_lapsed() {
    let app = alone().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let mut call = cell::take(&app.ctx).await.unwrap();
    cell::progress(&app.ctx, &mut call, Status::Connected).await;
    app.clock.advance(SignedDuration::from_secs(20));
    assert!(calls::take(&app.ctx, id, "cell-2").await.unwrap().is_none());
    let renewal = calls::renew(&app.ctx, id, CELL, &domain::calls::Speaking::default()).await.unwrap();
    assert_eq!(renewal, Some(Kept::default()));
}

#[tokio::test]
async fn a_step_whose_answer_was_lost_can_be_reported_again() {
    let app = alone().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    initiate(&app.staff, &ada).await;
    let call = cell::take(&app.ctx).await.unwrap();
    let (mut first, mut again) = (call.clone(), call);
    cell::progress(&app.ctx, &mut first, Status::Connected).await;
    app.clock.advance(SignedDuration::from_secs(3));
    cell::progress(&app.ctx, &mut again, Status::Connected).await;
    assert_eq!(again, first, "the answer counts from when it was first written");
}

#[tokio::test]
async fn a_call_whose_cell_speaks_for_it_is_left_alone() {
    let app = alone().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let mut call = cell::take(&app.ctx).await.unwrap();
    cell::progress(&app.ctx, &mut call, Status::Connected).await;
    app.clock.advance(SignedDuration::from_mins(10));
    calls::renew(&app.ctx, id, CELL, &domain::calls::Speaking::default()).await.unwrap();
    calls::sweep(&app.ctx, calls::SWEPT_WITHIN).await.unwrap();
    assert_eq!(status(&app.staff, id).await["callStatus"], "connected");
}

#[tokio::test]
async fn a_call_nobody_took_is_ended() {
    let app = alone().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    app.clock.advance(SignedDuration::from_mins(3));
    calls::sweep(&app.ctx, calls::SWEPT_WITHIN).await.unwrap();
    assert_eq!(status(&app.staff, id).await["callStatus"], "failed");
}

#[tokio::test]
async fn what_a_sweep_has_no_time_for_is_left_for_the_next() {
    let app = alone().await;
    let [ada, bo] = [app.patient("Ada", &[&app.staff]).await, app.patient("Bo", &[&app.staff]).await];
    let lost = initiate(&app.staff, &ada).await;
    let mut call = cell::take(&app.ctx).await.unwrap();
    cell::progress(&app.ctx, &mut call, Status::Connected).await;
    let untaken = initiate(&app.staff, &bo).await;
    app.clock.advance(SignedDuration::from_mins(3));
    assert_eq!(calls::sweep(&app.ctx, Duration::ZERO).await.unwrap(), 0);
    for (id, before) in [(lost, "connected"), (untaken, "initiating")] {
        assert_eq!(status(&app.staff, id).await["callStatus"], before);
    }
    assert_eq!(calls::sweep(&app.ctx, calls::SWEPT_WITHIN).await.unwrap(), 2);
    for (id, after) in [(lost, "ended"), (untaken, "failed")] {
        assert_eq!(status(&app.staff, id).await["callStatus"], after);
    }
}
