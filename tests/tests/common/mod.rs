//! What a cell does with a call, as the bridge does it.

use domain::CallId;
use domain::calls::{EndReason, Outcome, Status};
use domain::conversations::Speaker;
use services::CallCtx;
use testkit::cell;

/// Takes the next call from the queue, has it answered, writes down what is said and lets the patient hang up.
pub async fn hold_a_call(ctx: &CallCtx, said: &[(Speaker, &str)]) -> CallId {
    let mut call = cell::take(ctx).await.unwrap();
    for reached in [Status::Ringing, Status::Connected] {
        cell::progress(ctx, &mut call, reached).await;
    }
    for (order, (speaker, text)) in (0..).zip(said) {
        cell::say(ctx, call.id, order, *speaker, text).await;
    }
    cell::finish(ctx, &call, Outcome::Answered, EndReason::CallerHungUp).await;
    call.id
}
