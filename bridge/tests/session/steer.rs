//! What becomes of sound that waits in a telephone system with a queue of its own.

use crate::common::*;
use bridge::realtime::command::Command;
use bridge::realtime::failure::Failure;
use bridge::session::{Cause, Input, LinkEvent, Output, PhoneEvent};

/// What waits in the telephone system.
const WAITING: u64 = 60;

/// A call in which Bianca is one second into a story, over a telephone system with a queue.
fn story() -> SimCall {
    let mut call = SimCall::answered();
    call.input(Input::InFlight(ms(WAITING)));
    call.model_says("story", "one two three four five six seven eight", 4000);
    call.run_for(ms(1000));
    call.forget();
    call
}

/// What the telephone was told, in order.
fn steps(call: &SimCall) -> Vec<&Output> {
    call.steered.iter().map(|(_, step)| step).collect()
}

fn truncated(call: &SimCall) -> Option<u64> {
    call.commands().find_map(|command| match command {
        Command::Truncate { audio_end_ms, .. } => Some(*audio_end_ms),
        _ => None,
    })
}

#[test]
fn what_waits_is_taken_back_at_a_cough_and_goes_on_before_the_words_that_follow() {
    let mut call = story();
    call.hear(LOUD);
    call.run_for(ms(100));
    call.speech_starts("cough", 0);
    let before = call.played.len();
    call.run_for(ms(100));
    call.hear(0xFF);
    call.run_for(ms(400));
    assert_eq!(steps(&call), [&Output::Pause, &Output::Resume]);
    assert_eq!(call.steered[0].0, before, "with the server's word, not with the next frame");
    let resumed = call.steered[1].0;
    assert!(resumed > before);
    assert!(call.played[before..resumed].iter().all(|(_, frame)| frame[0] != VOICE));
    assert_eq!(call.played[resumed].1[0], VOICE, "the frame after it is her next word");
}

#[test]
fn after_an_interruption_the_model_is_told_what_left_the_telephone_system_however_long_it_was_held() {
    for held in [320, 800] {
        let mut call = story();
        call.hear(LOUD);
        call.run_for(ms(100));
        let played = 1000 + call.voice_ms();
        call.speech_starts("words", 0);
        if held > 320 {
            // Not speech by our own measure: judged only when the server says so.
            call.hear(0xFF);
            call.run_for(ms(100));
        }
        call.hear(LOUD);
        call.run_for(ms(held));
        assert_eq!(steps(&call).last(), Some(&&Output::Flush), "{held}");
        let told = truncated(&call).unwrap();
        // The way downstream was heard to its end meanwhile.
        let heard = played - WAITING;
        assert!(told.abs_diff(heard) <= 20, "told {told}, heard {heard}");
    }
}

#[test]
fn a_connection_that_is_lost_in_the_pause_leaves_nothing_kept() {
    let mut call = story();
    call.hear(LOUD);
    call.run_for(ms(100));
    call.speech_starts("words", 0);
    assert_eq!(steps(&call), [&Output::Pause]);
    call.disconnect();
    assert_ne!(steps(&call).last(), Some(&&Output::Pause));
}

#[test]
fn a_key_silences_what_waits_but_never_recorded_words() {
    let mut call = story();
    call.phone(PhoneEvent::Dtmf('0'));
    assert_eq!(steps(&call), [&Output::Flush]);
    call.run_for(ms(200));
    call.phone(PhoneEvent::Dtmf('0'));
    call.run_for(ms(200));
    assert_eq!(steps(&call), [&Output::Flush], "the sentence about help is heard");
}

#[test]
fn a_phone_that_is_hung_up_in_the_pause_is_told_nothing_more() {
    let mut call = story();
    call.hear(LOUD);
    call.run_for(ms(100));
    call.speech_starts("words", 0);
    call.phone(PhoneEvent::HungUp(Cause::Normal));
    call.run_for(ms(11_000));
    assert!(call.ended.is_some());
    assert_eq!(steps(&call), [&Output::Pause]);
}

#[test]
fn words_that_were_cut_are_not_heard_before_an_apology() {
    let mut call = story();
    call.hear(LOUD);
    call.run_for(ms(100));
    call.speech_starts("words", 0);
    call.input(Input::Link(LinkEvent::Down(Failure::Fatal("insufficient_quota".into()))));
    assert!(call.session.queue().playing().is_some_and(|item| item.starts_with("recorded_")));
    assert_eq!(steps(&call), [&Output::Pause, &Output::Flush]);
}
