//! What the caller says last, when the phone is hung up, and when there is no model to hear it.

use crate::common::*;
use bridge::realtime::command::Command;
use bridge::session::{Cause, Done, PhoneEvent};
use domain::calls::{EndReason, Outcome};

/// So many ms of a voice, of which the server says nothing.
fn speaks(call: &mut SimCall, length: u64) {
    call.hear(LOUD);
    call.run_for(ms(length));
    call.hear(0xFF);
}

fn hangs_up(call: &mut SimCall) {
    call.phone(PhoneEvent::HungUp(Cause::Normal));
}

fn reason(call: &SimCall) -> Option<(Outcome, EndReason)> {
    call.ended.map(|ending| (ending.outcome, ending.reason))
}

#[test]
fn a_cry_that_the_server_has_not_spoken_of_yet_is_written_down_after_the_hang_up() {
    let mut call = SimCall::answered();
    speaks(&mut call, 400);
    call.run_for(ms(60));
    hangs_up(&mut call);
    assert_eq!(call.commands().next_back(), Some(&Command::Commit));
    call.committed("u");
    call.transcribed("u", "Help, I can't breathe!");
    assert_eq!(call.works().len(), 1);
    assert_eq!(reason(&call), Some((Outcome::Answered, EndReason::CallerHungUp)));
}

#[test]
fn the_clatter_of_a_receiver_is_no_last_word() {
    let mut call = SimCall::answered();
    speaks(&mut call, 120);
    hangs_up(&mut call);
    assert!(!call.commands().any(|command| *command == Command::Commit));
    assert_eq!(reason(&call), Some((Outcome::Answered, EndReason::CallerHungUp)));
}

#[test]
fn whoever_speaks_and_hangs_up_while_the_model_is_away_was_not_heard_and_the_call_has_failed() {
    let mut call = SimCall::answered();
    call.disconnect();
    speaks(&mut call, 900);
    call.run_for(ms(2000));
    hangs_up(&mut call);
    assert_eq!(reason(&call), Some((Outcome::Answered, EndReason::ModelLost)), "people are told of a fault");
}

#[test]
fn whoever_says_nothing_while_the_model_is_away_has_hung_up() {
    let mut call = SimCall::answered();
    call.disconnect();
    call.run_for(ms(900));
    hangs_up(&mut call);
    assert_eq!(reason(&call), Some((Outcome::Answered, EndReason::CallerHungUp)));
}

#[test]
fn what_was_said_while_the_model_was_away_is_heard_when_it_is_back() {
    let mut call = SimCall::answered();
    call.disconnect();
    speaks(&mut call, 900);
    call.run_for(ms(100));
    call.connect();
    call.run_for(ms(1000));
    hangs_up(&mut call);
    assert_eq!(reason(&call), Some((Outcome::Answered, EndReason::CallerHungUp)));
}

#[test]
fn a_turn_that_was_on_its_way_when_the_model_was_lost_is_waited_for_on_the_next_connection() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.run_for(ms(900));
    call.speech_stops("u");
    call.disconnect();
    call.run_for(ms(50));
    call.connect();
    hangs_up(&mut call);
    assert!(call.ended.is_none(), "its sound was given to the new session");
    call.committed("v");
    assert!(call.ended.is_none());
    call.transcribed("v", "I have fallen and I can't get up");
    assert_eq!(call.works().len(), 1);
    assert_eq!(reason(&call), Some((Outcome::Answered, EndReason::CallerHungUp)));
}

#[test]
fn last_words_whose_connection_breaks_are_told_as_a_call_that_broke_off() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.run_for(ms(900));
    hangs_up(&mut call);
    call.disconnect();
    assert_eq!(reason(&call), Some((Outcome::Answered, EndReason::ModelLost)));
}

#[test]
fn nobody_who_says_again_that_they_are_in_danger_is_said_goodbye_to() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.speech_stops("u");
    call.transcribed("u", "I can't breathe");
    call.done(Done::Alerted { informed: 1 });
    call.model_says("a", "Somebody knows.", 400);
    call.run_for(ms(1000));
    call.begin_response("r_bye");
    call.end_response("r_bye", "completed", vec![function_call("c", "end_call")]);
    call.answer_ask("bye", "Goodbye.", 2000);
    call.run_for(ms(500));
    call.speech_starts("v", 0);
    call.run_for(ms(800));
    call.speech_stops("v");
    call.transcribed("v", "I can't breathe");
    assert_eq!(call.works().len(), 1, "somebody knows");
    call.run_for(ms(5000));
    assert!(call.ended.is_none(), "the call goes on");
}
