//! Servers that go while a call runs.

use std::time::Duration;

use domain::calls::EndReason;
use openai_sim::speech;
use services::calls;
use testkit::{Cable, house};

use crate::Cell;
use crate::telephone::Telephones;

fn value(env: &config::Env, name: &'static str) -> String {
    let variable = config::Variable { name, what: "", must: "", default: None };
    env.get(&variable).unwrap().to_owned()
}

/// A cell whose documents hang on a cable, and whose patient hangs up by themselves.
async fn on_a_cable() -> (Cell, Cable) {
    let env = house().env_with_queues().await;
    let uri = value(&env, "MONGODB_URI");
    let cable = Cable::to(&uri).await;
    let env = env.with("MONGODB_URI", cable.through(&uri));
    (Cell::configured(env, Telephones::HangUp, Duration::ZERO).await, cable)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_while_the_documents_were_gone_is_written_afterwards() {
    let (cell, cable) = on_a_cable().await;
    let (_, id) = cell.ask_for_a_call().await;
    cell.until_connected(id).await;
    cable.cut();
    // The greeting and the patient's sentence are spoken meanwhile.
    tokio::time::sleep(Duration::from_secs(6)).await;
    cable.mend().await;
    let call = cell.until_ended(id).await;
    assert_eq!(call.end_reason, Some(EndReason::CallerHungUp), "the outage cut the call");
    let said = cell.said(id).await;
    assert_eq!(said[..2], [speech::assistant("en")[0].text, speech::patient("en")[0].text]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_ends_when_the_phone_is_hung_up_however_late_that_is_written() {
    let (cell, cable) = on_a_cable().await;
    let (_, id) = cell.ask_for_a_call().await;
    cell.until_connected(id).await;
    // The clock of a test stands still.
    cell.app.clock.advance(jiff::SignedDuration::from_secs(30));
    cable.cut();
    let over = async {
        while !cell.happened(id).await.iter().any(|what| what == "ended") {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), over).await.expect("the phone is hung up");
    cell.app.clock.advance(jiff::SignedDuration::from_mins(5));
    cable.mend().await;
    let call = cell.until_ended(id).await;
    let talked = call.talk_seconds(cell.app.ctx.now());
    assert!((3..=30).contains(&talked), "{talked} s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_cache_a_command_is_found_at_the_next_renewal() {
    let env = house().env_with_queues().await.with("CACHE_URL", "redis://127.0.0.1:1/");
    let cell = Cell::configured(env, Telephones::Talk, Duration::ZERO).await;
    let (_, id) = cell.ask_for_a_call().await;
    cell.until_connected(id).await;
    let caller = cell.app.caller_of(&cell.app.staff);
    calls::end(&cell.app.ctx, &caller, id, None).await.unwrap();
    let call = cell.until_ended(id).await;
    assert_eq!(call.end_reason, Some(EndReason::EndedByCaregiver));
}
