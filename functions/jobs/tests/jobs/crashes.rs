//! A tick that dies anywhere places each planned call once, and loses none.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use domain::calls::{EndReason, Outcome};
use domain::jobs::Queue;
use domain::occurrences::State;
use domain::{Kind, policy};
use jiff::SignedDuration;
use services::calls;
use test_case::test_case;
use testkit::TestApp;

use crate::calls::{stored, tick};
use crate::schedules::{due, occurrences, retries};
use crate::tick::Alone;

/// Lets a piece of work come as far as its `steps`th wait for somebody, and drops it there: a process that dies. `true` when it was done
/// before.
async fn killed_after(steps: usize, work: impl Future) -> bool {
    let mut work = Box::pin(work);
    let mut left = steps;
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending if left == 0 => Poll::Ready(false),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// The same, but the process only stands still while something else happens, and goes on. The second is nothing when it was
/// done before.
pub(crate) async fn stalled_after<T, U>(
    steps: usize,
    work: impl Future<Output = T>,
    meanwhile: impl Future<Output = U>,
) -> (T, Option<U>) {
    let mut work = Box::pin(work);
    let mut left = steps;
    let early = poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await;
    if let Some(done) = early {
        return (done, None);
    }
    let other = meanwhile.await;
    (work.await, Some(other))
}

#[tokio::test]
async fn a_cell_that_stands_still_while_it_takes_a_call_does_not_dial_beside_the_one_that_took_it_over() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (_, schedule) = due(app).await;
    let (mut steps, mut taken_over) = (0, 0);
    loop {
        tick(app).await.unwrap();
        let State::Calling { call } = occurrences(app, &schedule).await[0].state else { panic!("nobody is called") };
        let over = Box::pin(async {
            app.clock.advance(calls::LEASE + SignedDuration::from_secs(1));
            calls::take(&app.ctx, call, "quick").await.ok().flatten()
        });
        let slow = Box::pin(calls::take(&app.ctx, call, "slow"));
        let (slow, quick) = stalled_after(steps, slow, over).await;
        let (slow, done) = (slow.ok().flatten(), quick.is_none());
        let dialled = [slow, quick.flatten()].into_iter().flatten().count();
        assert_eq!(dialled, 1, "after {steps} steps");
        taken_over += usize::from(!done);
        let ended = stored(&app.ctx, call).await;
        calls::finish(&app.ctx, &ended, Outcome::Answered, EndReason::Goodbye, app.ctx.now()).await.unwrap();
        if done {
            break;
        }
        steps += 1;
        let due = occurrences(app, &schedule).await[0].due;
        app.clock.advance(due.duration_since(app.ctx.now()) + SignedDuration::from_hours(24));
    }
    assert!(taken_over >= 8, "only {taken_over} places were tried");
}

/// Other processes go on. What the dead one's transaction holds locked (up to a minute, when it died while committing) can
/// make a part of a tick fail.
async fn others_go_on(app: &TestApp, ticks: usize, apart: SignedDuration, steps: usize) {
    for _ in 0..ticks {
        app.clock.advance(apart);
        if let Err(error) = tick(app).await {
            assert_eq!(error.kind, Kind::Unavailable, "after {steps} steps: {error}");
        }
    }
}

#[tokio::test]
async fn a_cell_that_dies_while_it_takes_a_call_costs_no_attempt_and_the_patient_is_called() {
    let alone = Alone::start().await;
    let app = &alone.app;
    // Nobody is called twice here: a fault of ours must not be the only attempt.
    retries(app, 0, true).await;
    let (_, schedule) = due(app).await;
    let (mut steps, mut killed) = (0, 0);
    loop {
        tick(app).await.unwrap();
        let State::Calling { call } = occurrences(app, &schedule).await[0].state else { panic!("nobody is called") };
        let done = killed_after(steps, calls::take(&app.ctx, call, "dead")).await;
        killed += usize::from(!done);
        // The message comes back after a minute, to another cell; what is lost is swept up.
        let mut taken = None;
        for _ in 0..6 {
            others_go_on(app, 1, SignedDuration::from_mins(1), steps).await;
            let State::Calling { call } = occurrences(app, &schedule).await[0].state else { continue };
            if let Ok(Some(found)) = calls::take(&app.ctx, call, "alive").await {
                taken = Some(found.call);
                break;
            }
        }
        let newest = &occurrences(app, &schedule).await[0];
        let taken = taken.unwrap_or_else(|| panic!("after {steps} steps nobody is called: {newest:?}"));
        assert_eq!(newest.attempts, 1, "after {steps} steps");
        let live = app.ctx.store.calls().live(&policy::system("a test")).await.unwrap();
        assert_eq!(live.len(), 1, "after {steps} steps");
        calls::finish(&app.ctx, &taken, Outcome::Answered, EndReason::Goodbye, app.ctx.now()).await.unwrap();
        if done {
            break;
        }
        steps += 1;
        app.clock.advance(newest.due.duration_since(app.ctx.now()) + SignedDuration::from_hours(24));
    }
    assert!(killed >= 8, "only {killed} places were tried");
    let alerts = services::alerts::list(&app.ctx, &app.caller_of(&app.admin), true).await.unwrap();
    assert!(alerts.is_empty(), "nobody need hear of what was mended: {alerts:?}");
}

#[tokio::test]
async fn a_cell_that_dies_while_it_ends_a_call_has_reached_the_patient_all_the_same() {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (_, schedule) = due(app).await;
    let (mut steps, mut killed) = (0, 0);
    loop {
        tick(app).await.unwrap();
        let State::Calling { call } = occurrences(app, &schedule).await[0].state else { panic!("nobody is called") };
        let mut call = calls::take(&app.ctx, call, "dead").await.unwrap().unwrap().call;
        testkit::cell::progress(&app.ctx, &mut call, domain::calls::Status::Connected).await;
        let ending = calls::finish(&app.ctx, &call, Outcome::Answered, EndReason::Goodbye, app.ctx.now());
        let done = killed_after(steps, ending).await;
        killed += usize::from(!done);
        others_go_on(app, 3, SignedDuration::from_mins(1), steps).await;
        let newest = &occurrences(app, &schedule).await[0];
        assert_eq!((newest.state, newest.attempts), (State::Reached { call: call.id }, 1), "after {steps} steps");
        let live = app.ctx.store.calls().live(&policy::system("a test")).await.unwrap();
        assert!(live.is_empty(), "after {steps} steps nobody is called a second time");
        if done {
            break;
        }
        steps += 1;
        app.clock.advance(newest.due.duration_since(app.ctx.now()) + SignedDuration::from_hours(24));
    }
    assert!(killed >= 8, "only {killed} places were tried");
}

// A call that no cell took within two minutes is made again, a minute later.
#[test_case(&[31, 31, 31], 24, 20; "the next comes soon")]
#[test_case(&[300, 300, 300, 61], 4, 10; "the next comes after five minutes")]
#[tokio::test]
async fn a_tick_that_dies_at_any_step_places_each_call_once_and_loses_none(
    pauses: &[i64],
    close: usize,
    places: usize,
) {
    let alone = Alone::start().await;
    let app = &alone.app;
    let (_, schedule) = due(app).await;
    let (mut steps, mut killed) = (0, 0);
    loop {
        let done = killed_after(steps, tick(app)).await;
        killed += usize::from(!done);
        // What the dead one had in its hands is handed over once it is half a minute old.
        for pause in pauses {
            others_go_on(app, 1, SignedDuration::from_secs(*pause), steps).await;
        }
        let all = occurrences(app, &schedule).await;
        let newest = &all[0];
        let State::Calling { call } = newest.state else { panic!("after {steps} steps: {newest:?}") };
        assert_eq!(newest.attempts, 1, "after {steps} steps");
        let due = all.iter().filter(|other| other.due == newest.due).count();
        assert_eq!(due, 1, "after {steps} steps");
        // However often the message comes, one cell takes the call.
        let messages = app.ctx.queues.receive(Queue::PlaceCall, 10, Duration::from_secs(2)).await.unwrap();
        assert!(!messages.is_empty(), "nobody was told to call, after {steps} steps");
        for message in &messages {
            app.ctx.queues.done(Queue::PlaceCall, message).await.unwrap();
        }
        let (one, other) = tokio::join!(calls::take(&app.ctx, call, "one"), calls::take(&app.ctx, call, "other"));
        assert_eq!(u8::from(one.unwrap().is_some()) + u8::from(other.unwrap().is_some()), 1, "after {steps} steps");
        let placed = app.ctx.store.calls().live(&policy::system("a test")).await.unwrap();
        assert_eq!(placed.len(), 1, "after {steps} steps");
        let call = stored(&app.ctx, call).await;
        calls::finish(&app.ctx, &call, Outcome::Answered, EndReason::Goodbye, app.ctx.now()).await.unwrap();
        if done {
            break;
        }
        // Close together at first, where the call is made.
        steps += 1 + steps / close;
        app.clock.advance(newest.due.duration_since(app.ctx.now()) + SignedDuration::from_hours(24));
    }
    assert!(killed >= places, "only {killed} places were tried");
}
