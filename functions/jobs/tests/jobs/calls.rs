//! Calls for jobs to work on, as a cell leaves them.

use domain::calls::{Call, EndReason, Outcome, Status};
use domain::conversations::Speaker;
use domain::{CallId, policy};
use services::{CallCtx, calls};
use testkit::{TestApp, cell};

/// The functions' own routes are of no interest here.
pub(crate) fn no_routes(_: &testkit::Fronts) -> axum::Router {
    axum::Router::new()
}

/// A call that somebody asked for and nobody has taken.
pub(crate) async fn asked_for(app: &TestApp) -> Call {
    let ada = app.patient("Ada", &[&app.staff]).await;
    calls::initiate(&app.ctx, &app.caller_of(&app.staff), ada.id, None).await.unwrap().0
}

/// A call that runs; the patient said these words.
pub(crate) async fn running(app: &TestApp, words: &[&str]) -> Call {
    let call = asked_for(app).await;
    let mut call = calls::take(&app.ctx, call.id, cell::CELL).await.unwrap().unwrap().call;
    cell::progress(&app.ctx, &mut call, Status::Connected).await;
    for (order, text) in (0..).zip(words) {
        cell::say(&app.ctx, call.id, order, Speaker::Patient, text).await;
    }
    call
}

/// The patient hangs up; the work that follows goes to the queue.
pub(crate) async fn hang_up(app: &TestApp, call: &Call) {
    calls::finish(&app.ctx, call, Outcome::Answered, EndReason::CallerHungUp, app.ctx.now()).await.unwrap();
}

/// A call that is over.
pub(crate) async fn held(app: &TestApp, words: &[&str]) -> CallId {
    let call = running(app, words).await;
    hang_up(app, &call).await;
    call.id
}

/// The call as it is stored.
pub(crate) async fn stored(ctx: &CallCtx, call: CallId) -> Call {
    ctx.store.calls().find(&policy::system("look in a test"), call).await.unwrap().unwrap()
}

/// Its summary.
pub(crate) async fn summary(ctx: &CallCtx, call: CallId) -> Option<String> {
    let conversation = ctx.store.conversations().find(&policy::system("look in a test"), call).await.unwrap();
    conversation.unwrap().summary.map(|summary| summary.reveal().clone())
}

/// The minute is over.
pub(crate) async fn tick(app: &testkit::TestApp) -> domain::Result<()> {
    let seals = services::audit::AuditSeals::new(&config::AuditKeys::from_env(&app.env).unwrap());
    jobs::tick(&jobs::TickCtx { base: (*app.ctx).clone(), seals: std::sync::Arc::new(seals) }).await
}
