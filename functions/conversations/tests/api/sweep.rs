//! Calls whose cell died, and calls nobody took.

use domain::calls::Status;
use jiff::SignedDuration;
use serde_json::json;
use services::calls;

use crate::cell::{self, CELL};
use crate::{app, initiate, status};

#[tokio::test]
async fn a_call_whose_cell_died_is_ended_and_its_patient_can_be_called_again() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let mut call = cell::take(&app).await.unwrap();
    cell::progress(&app.ctx, &mut call, Status::Connected).await;

    app.clock.advance(SignedDuration::from_secs(10));
    calls::sweep(&app.ctx).await.unwrap();
    assert_eq!(status(&app.staff, id).await["callStatus"], "connected", "its lease still holds");

    app.clock.advance(SignedDuration::from_secs(30));
    calls::sweep(&app.ctx).await.unwrap();
    let seen = status(&app.staff, id).await;
    assert_eq!((&seen["callStatus"], &seen["status"]), (&json!("ended"), &json!("completed")));
    initiate(&app.staff, &ada).await;
}

#[tokio::test]
async fn a_call_whose_cell_speaks_for_it_is_left_alone() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    let mut call = cell::take(&app).await.unwrap();
    cell::progress(&app.ctx, &mut call, Status::Connected).await;
    app.clock.advance(SignedDuration::from_mins(10));
    calls::renew(&app.ctx, id, CELL, &domain::calls::Speaking::default()).await.unwrap();
    calls::sweep(&app.ctx).await.unwrap();
    assert_eq!(status(&app.staff, id).await["callStatus"], "connected");
}

#[tokio::test]
async fn a_call_nobody_took_is_ended() {
    let app = app().await;
    let ada = app.patient("Ada", &[&app.staff]).await;
    let id = initiate(&app.staff, &ada).await;
    app.clock.advance(SignedDuration::from_mins(3));
    calls::sweep(&app.ctx).await.unwrap();
    assert_eq!(status(&app.staff, id).await["callStatus"], "failed");
}
