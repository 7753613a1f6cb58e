//! The first words of a call.

use crate::common::*;
use bridge::realtime::command::Command;
use bridge::realtime::event::ServerEvent;
use bridge::session::{Cause, LinkEvent, NextEvent, PhoneEvent, Plan};
use bridge::sounds::Sentence;
use domain::calls::Outcome;

/// A phone that rings while the greeting is being prepared.
fn prepared() -> SimCall {
    let mut call = SimCall::dialing(Plan { prepare_greeting: true, ..plan() });
    call.phone(PhoneEvent::Ringing);
    call.connect();
    assert!(call.asked(), "it is asked for while the phone rings");
    call.answer_ask("greeting", "Good morning.", 1000);
    call.run_for(ms(6000));
    assert!(call.played.is_empty());
    call
}

#[test]
fn a_prepared_greeting_is_heard_from_the_first_frame_after_the_answer() {
    let mut call = prepared();
    call.phone(PhoneEvent::Answered);
    call.phone(PhoneEvent::MediaUp);
    call.hear(0xFF);
    call.run_for(ms(10));
    assert_eq!(call.voice_ms(), 20);
    call.run_for(ms(1500));
    assert_eq!(call.voice_ms(), 1000);
    let asks = call.commands().filter(|c| matches!(c, Command::ResponseCreate { .. })).count();
    assert_eq!(asks, 1, "once");
}

#[test]
fn what_is_said_over_a_prepared_greeting_is_kept_and_answered() {
    let mut call = prepared();
    call.phone(PhoneEvent::Answered);
    call.phone(PhoneEvent::MediaUp);
    call.hear(LOUD);
    call.run_for(ms(500));
    call.speech_starts("u", 100);
    call.run_for(ms(300));
    assert!(call.session.queue().queued() > 0, "the greeting is not cut");
    call.hear(0xFF);
    call.run_for(ms(700));
    call.speech_stops("u");
    call.transcribed("u", "Hello, who is it?");
    call.answer_ask("a", "It is me.", 500);
    call.run_for(ms(2000));
    assert_eq!(call.texts(), ["Good morning.", "Hello, who is it?", "It is me."]);
}

#[test]
fn the_hello_of_whoever_picks_up_is_answered_by_the_greeting_and_nothing_more() {
    let mut call = prepared();
    call.phone(PhoneEvent::Answered);
    call.phone(PhoneEvent::MediaUp);
    call.hear(LOUD);
    call.run_for(ms(100));
    call.speech_starts("u", 0);
    call.run_for(ms(500));
    call.hear(0xFF);
    call.speech_stops("u");
    call.begin_response("r_auto");
    call.end_response("r_auto", "cancelled", vec![]);
    call.forget_sent();
    call.transcribed("u", "Yes, hello?");
    call.run_for(ms(5000));
    assert!(!call.asked());
    assert_eq!(call.texts(), ["Good morning.", "Yes, hello?"]);
}

#[test]
fn a_phone_that_nobody_answers_leaves_no_turn_behind() {
    let mut call = prepared();
    call.phone(PhoneEvent::HungUp(Cause::NoAnswer));
    assert!(call.turns().is_empty());
    assert_eq!(call.ended.map(|ending| ending.outcome), Some(Outcome::NoAnswer));
}

#[test]
fn a_slow_model_is_preceded_by_a_recorded_hello() {
    let mut call = SimCall::dialing(plan());
    call.phone(PhoneEvent::Ringing);
    call.phone(PhoneEvent::Answered);
    call.phone(PhoneEvent::MediaUp);
    call.hear(0xFF);
    call.run_for(ms(1190));
    assert_eq!(call.session.queue().pushed(), 0);
    call.run_for(ms(30));
    assert!(call.session.queue().pushed() > 0);
    call.run_for(ms(3000));
    call.connect();
    call.answer_ask("greeting", "Good morning.", 500);
    call.run_for(RECORDED);
    assert_eq!(call.texts(), [words(Sentence::Opener), "Good morning."]);
}

#[test]
fn a_caller_who_waits_for_an_answer_hears_that_it_comes() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.run_for(ms(1000));
    call.speech_stops("u");
    call.transcribed("u", "What is the weather like?");
    call.run_for(ms(2900));
    assert!(!call.texts().contains(&words(Sentence::OneMoment).to_owned()));
    call.run_for(ms(3500));
    assert_eq!(call.texts().last().map(String::as_str), Some(words(Sentence::OneMoment)));
    call.model_says("a", "It is sunny.", 500);
    call.run_for(ms(5000));
    assert_eq!(call.voice_ms(), 500);
}

#[test]
fn a_call_taken_over_from_a_dead_process_goes_on_where_it_was() {
    let mut before = SimCall::answered();
    before.speech_starts("u1", 0);
    before.speech_stops("u1");
    before.transcribed("u1", "My cat is called Mia.");
    before.model_says("a1", "What a lovely name.", 1000);
    before.run_for(ms(3000));
    let resumed = bridge::session::Resumed { turns: before.turns(), talked: ms(60_000), informed: Some(2) };

    let mut call = SimCall::dialing(Plan { resumed: Some(resumed), max_call: ms(100_000), ..plan() });
    call.phone(PhoneEvent::Answered);
    call.phone(PhoneEvent::MediaUp);
    call.hear(0xFF);
    call.forget();
    call.connect();
    let told = call.commands().filter(|c| matches!(c, Command::ItemCreate { .. })).count();
    assert_eq!(told, 5, "three turns, the alert, and the remark that the connection was restored");
    assert!(call.remarks()[0].contains("has been sent"), "she knows that caregivers were told");
    assert!(call.asked(), "she says that the line was interrupted");
    call.answer_ask("again", "Excuse me, where were we?", 1000);
    call.run_for(ms(2000));
    let turns = call.turns();
    assert_eq!(turns.last().map(|turn| turn.text.reveal().as_str()), Some("Excuse me, where were we?"));
    assert_eq!(turns.last().map(|turn| turn.order), Some(3), "after what was said before");
    assert!(turns.last().is_some_and(|turn| turn.started_at >= ms(60_000)), "counted from the answer");
    call.run_for(ms(38_500));
    assert!(call.asked(), "the longest call counts from the answer too");
}

#[test]
fn events_of_a_socket_that_is_not_wanted_any_more_change_nothing() {
    let mut call = SimCall::answered();
    call.next(NextEvent::Link(LinkEvent::Malformed));
    call.next(NextEvent::Model(Box::new(ServerEvent::SessionUpdated(session_with("audio/pcmu")))));
    call.run_for(ms(100));
    assert!(call.promoted.is_empty() && call.sent_next.is_empty());
}
