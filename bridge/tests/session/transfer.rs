//! A call is handed to a caregiver.

use crate::common::*;
use bridge::session::{Cause, Control, Done, Input, PhoneEvent, Plan, Work};
use bridge::sounds::Sentence;
use domain::calls::EndReason;

/// A call in which the model wants a caregiver, whose number was found.
fn ringing() -> SimCall {
    let mut call = SimCall::answered_with(Plan { max_call: ms(600_000), ..plan() });
    call.begin_response("r");
    call.end_response("r", "completed", vec![function_call("c1", "transfer_to_caregiver")]);
    assert_eq!(call.works(), [&Work::FindCaregiver]);
    call.done(Done::Caregiver(Some("+15550100177".parse().expect("a number"))));
    call
}

#[test]
fn the_patient_hears_that_they_are_being_connected_until_the_caregiver_answers() {
    let mut call = ringing();
    assert_eq!(call.transfers.len(), 1);
    call.run_for(ms(20_000));
    let connecting = call.texts().iter().filter(|text| *text == words(Sentence::Connecting)).count();
    assert!(connecting >= 2, "{:?}", call.texts());
    call.phone(PhoneEvent::Transferred);
    call.played.clear();
    call.forget_sent();
    call.run_for(ms(60_000));
    assert!(call.played.is_empty(), "Bianca is out of the call");
    assert!(call.appended().is_empty(), "and hears nothing of it");
    assert!(call.ended.is_none());
    call.phone(PhoneEvent::HungUp(Cause::Normal));
    assert_eq!(call.ended.map(|ending| ending.reason), Some(EndReason::Transferred));
}

#[test]
fn a_caregiver_who_does_not_answer_is_alerted_and_the_talk_goes_on() {
    let mut call = ringing();
    call.forget();
    call.phone(PhoneEvent::TransferFailed(Cause::NoAnswer));
    assert!(matches!(call.works()[..], [Work::Alert { .. }]));
    assert!(call.asked());
    call.answer_ask("a", "Nobody could be reached.", 1000);
    call.run_for(ms(3000));
    assert!(call.ended.is_none());
}

#[test]
fn without_any_caregiver_nobody_is_dialled_and_the_model_learns_it() {
    let mut call = SimCall::answered();
    call.begin_response("r");
    call.end_response("r", "completed", vec![function_call("c1", "transfer_to_caregiver")]);
    call.done(Done::Caregiver(None));
    assert!(call.transfers.is_empty());
    assert!(call.asked());
}

#[test]
fn a_network_that_never_says_how_it_went_does_not_keep_the_patient_waiting() {
    let mut call = ringing();
    call.run_for(ms(46_000));
    assert_eq!(call.cancelled_transfers, 1);
    assert!(call.asked());
}

#[test]
fn hanging_up_gives_the_ringing_caregiver_up() {
    let mut call = ringing();
    call.input(Input::Command(Control::End { reason: EndReason::EndedByCaregiver }));
    assert_eq!(call.cancelled_transfers, 1);
    assert!(call.hung_up.is_some());
}

#[test]
fn the_longest_call_bounds_a_call_that_was_handed_over_too() {
    let mut call = ringing();
    call.phone(PhoneEvent::Transferred);
    call.run_for(ms(601_000));
    assert_eq!(call.ended.map(|ending| ending.reason), Some(EndReason::TimeLimit));
}
