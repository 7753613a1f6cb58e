//! Two things at once: somebody needs help while the call ends, loses its model or is handed over.

use crate::common::*;
use bridge::realtime::failure::Failure;
use bridge::session::{Cause, Done, Input, LinkEvent, PhoneEvent, Plan, Resumed, Work};
use bridge::sounds::Sentence;
use domain::alerts::AlertKind;
use domain::calls::EndReason;

/// The model cannot be used any more, whatever is tried.
fn fatal(call: &mut SimCall) {
    call.input(Input::Link(LinkEvent::Down(Failure::Fatal("insufficient_quota".into()))));
}

fn alerts(call: &SimCall, wanted: AlertKind) -> usize {
    call.works().into_iter().filter(|work| matches!(work, Work::Alert { kind, .. } if *kind == wanted)).count()
}

fn heard(call: &SimCall, sentence: Sentence) -> bool {
    call.texts().iter().any(|text| text == words(sentence))
}

/// Goodbye is being said because the model wants to end the call.
fn saying_goodbye() -> SimCall {
    let mut call = SimCall::answered();
    call.model_begins("bye", "Goodbye, see you tomorrow.", 2000);
    call.end_response("r_bye", "completed", vec![function_call("c1", "end_call")]);
    call.run_for(ms(500));
    call
}

/// The model has asked for a caregiver, whose telephone rings.
fn handing_over() -> SimCall {
    let mut call = SimCall::answered();
    call.begin_response("r");
    call.end_response("r", "completed", vec![function_call("c1", "transfer_to_caregiver")]);
    call.done(Done::Caregiver(Some("+15550100177".parse().unwrap())));
    call
}

#[test]
fn the_help_key_is_heard_during_an_apology() {
    let mut call = SimCall::answered();
    fatal(&mut call);
    call.run_for(ms(500));
    call.phone(PhoneEvent::Dtmf('0'));
    assert_eq!(alerts(&call, AlertKind::HelpKey), 1);
    call.run_for(RECORDED + RECORDED);
    assert!(heard(&call, Sentence::Apology) && heard(&call, Sentence::HelpNoted), "{:?}", call.texts());
    assert_eq!(call.ended.map(|ending| ending.reason), Some(EndReason::ModelLost));
}

#[test]
fn a_cry_for_help_in_the_middle_of_goodbye_keeps_the_call() {
    let mut call = saying_goodbye();
    call.speech_starts("u", 0);
    call.run_for(ms(900));
    call.speech_stops("u");
    call.transcribed("u", "Help me, I have fallen!");
    assert_eq!(alerts(&call, AlertKind::Emergency), 1);
    call.done(Done::Alerted { informed: 1 });
    call.model_says("a", "Somebody knows. Are you hurt?", 500);
    call.run_for(ms(20_000));
    assert!(call.ended.is_none());
}

#[test]
fn the_help_key_in_the_middle_of_goodbye_keeps_the_call() {
    let mut call = saying_goodbye();
    call.phone(PhoneEvent::Dtmf('0'));
    call.done(Done::Alerted { informed: 1 });
    call.model_says("a", "I am here.", 500);
    call.run_for(ms(20_000));
    assert!(call.ended.is_none());
}

#[test]
fn nobody_is_cut_off_in_mid_sentence_when_the_longest_call_is_over() {
    let mut call = SimCall::answered_with(Plan { max_call: ms(60_000), ..plan() });
    call.run_for(ms(50_000));
    call.speech_starts("u", 0);
    call.run_for(ms(25_000));
    assert!(call.ended.is_none());
    call.speech_stops("u");
    call.run_for(RECORDED + RECORDED);
    assert_eq!(call.ended.map(|ending| ending.reason), Some(EndReason::TimeLimit));
}

#[test]
fn a_model_that_is_lost_while_a_caregivers_telephone_rings_does_not_end_the_call() {
    let mut call = handing_over();
    fatal(&mut call);
    call.run_for(RECORDED);
    assert!(call.ended.is_none() && call.cancelled_transfers == 0, "they may still answer");
    call.phone(PhoneEvent::Transferred);
    call.run_for(ms(60_000));
    assert!(call.ended.is_none());
    call.phone(PhoneEvent::HungUp(Cause::Normal));
    assert_eq!(call.ended.map(|ending| ending.reason), Some(EndReason::Transferred));
}

#[test]
fn when_neither_the_model_nor_the_caregiver_is_there_the_patient_is_told() {
    let mut call = handing_over();
    fatal(&mut call);
    call.run_for(ms(5000));
    call.phone(PhoneEvent::TransferFailed(Cause::NoAnswer));
    assert_eq!(alerts(&call, AlertKind::Asked), 1);
    call.run_for(RECORDED + RECORDED);
    assert!(heard(&call, Sentence::Apology));
    assert_eq!(call.ended.map(|ending| ending.reason), Some(EndReason::ModelLost));
}

#[test]
fn a_call_that_is_adopted_after_it_was_handed_over_stays_with_the_caregiver() {
    let resumed = Resumed { talked: ms(120_000), ..Resumed::default() };
    let mut call = SimCall::dialing(Plan { resumed: Some(resumed), ..plan() });
    call.phone(PhoneEvent::Answered);
    call.phone(PhoneEvent::Transferred);
    call.phone(PhoneEvent::MediaUp);
    call.hear(LOUD);
    call.run_for(ms(60_000));
    assert!(call.played.is_empty() && call.appended().is_empty(), "nobody listens in or talks over them");
    call.phone(PhoneEvent::HungUp(Cause::Normal));
    assert_eq!(call.ended.map(|ending| ending.reason), Some(EndReason::Transferred));
}

#[test]
fn a_response_without_a_sound_is_asked_for_again() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.run_for(ms(900));
    call.speech_stops("u");
    call.begin_response("r_mute");
    call.forget_sent();
    call.end_response("r_mute", "completed", vec![assistant_item("mute")]);
    call.run_for(ms(1000));
    call.answer_ask("a", "I see.", 500);
    call.run_for(ms(1000));
    assert_eq!(call.voice_ms(), 500);
}

#[test]
fn what_somebody_was_told_of_is_known_to_the_next_session() {
    let mut call = SimCall::answered();
    call.phone(PhoneEvent::Dtmf('0'));
    call.done(Done::Alerted { informed: 1 });
    let before = call.remarks();
    assert!(!before.is_empty());
    call.forget_sent();
    call.disconnect();
    call.connect();
    let after = call.remarks();
    assert!(before.iter().all(|remark| after.contains(remark)), "{before:?} is not in {after:?}");
}

#[test]
fn recorded_words_about_help_are_heard_to_their_end() {
    let mut call = SimCall::answered();
    call.phone(PhoneEvent::Dtmf('0'));
    call.run_for(ms(500));
    let left = call.session.queue().queued();
    assert!(left > 0);
    call.interrupts("u", 0);
    call.run_for(ms(600));
    assert!(call.session.queue().queued() > 0, "she goes on");
    call.speech_stops("u");
    call.run_for(RECORDED);
    assert!(heard(&call, Sentence::HelpNoted), "{:?}", call.texts());
}

#[test]
fn behind_a_switchboard_nothing_is_said_until_somebody_speaks() {
    let mut call = SimCall::dialing(Plan { extension: Some("12,3".to_owned()), ..plan() });
    call.phone(PhoneEvent::Ringing);
    call.connect();
    call.phone(PhoneEvent::Answered);
    call.phone(PhoneEvent::MediaUp);
    call.hear(0xFF);
    assert_eq!(call.pressed, ["12,3"]);
    call.answer_ask("greeting", "Good morning.", 1000);
    call.run_for(ms(4000));
    assert_eq!(call.voice_ms(), 0, "the greeting waits");
    call.hear(LOUD);
    call.run_for(ms(400));
    call.speech_starts("u", 0);
    call.run_for(ms(400));
    call.hear(0xFF);
    call.speech_stops("u");
    call.run_for(ms(2000));
    assert_eq!(call.voice_ms(), 1000);
}

#[test]
fn behind_a_silent_switchboard_the_greeting_comes_all_the_same() {
    let mut call = SimCall::dialing(Plan { extension: Some("1".to_owned()), ..plan() });
    call.connect();
    call.phone(PhoneEvent::Answered);
    call.phone(PhoneEvent::MediaUp);
    call.hear(0xFF);
    call.answer_ask("greeting", "Good morning.", 1000);
    call.run_for(ms(25_000));
    assert_eq!(call.voice_ms(), 1000);
}
