//! A telephone line that does less than it should.

use crate::common::*;
use bridge::session::{Input, PhoneEvent, Plan};
use domain::calls::{EndReason, Outcome};

#[test]
fn a_line_on_which_only_our_own_silence_is_fed_is_dead_after_fifteen_seconds() {
    let mut call = SimCall::answered();
    call.microphone = None;
    for _ in 0..700 {
        call.input(Input::Filled(vec![0xFF; 160].into()));
        call.run_for(ms(20));
    }
    assert!(call.ended.is_none() && call.hung_up.is_none(), "14 s are a bad line");
    for _ in 0..60 {
        call.input(Input::Filled(vec![0xFF; 160].into()));
        call.run_for(ms(20));
    }
    call.run_for(ms(2500));
    assert_eq!(call.ended.map(|ending| ending.reason), Some(EndReason::MediaLost));
    assert!(call.hung_up.is_some());
}

#[test]
fn a_call_that_is_answered_and_has_no_sound_is_not_kept() {
    let mut call = SimCall::dialing(plan());
    call.phone(PhoneEvent::Ringing);
    call.connect();
    call.phone(PhoneEvent::Answered);
    call.run_for(ms(20_000));
    assert_eq!(call.ended.map(|ending| ending.reason), Some(EndReason::MediaLost));
    assert!(call.hung_up.is_some());
}

#[test]
fn a_phone_that_rings_for_ever_is_given_up() {
    let mut call = SimCall::dialing(Plan { max_ring: ms(5000), ..plan() });
    call.phone(PhoneEvent::Ringing);
    call.run_for(ms(4900));
    assert!(call.hung_up.is_none());
    call.run_for(ms(5000));
    assert!(call.hung_up.is_some());
    let ending = call.ended.expect("the call is over");
    assert_eq!((ending.outcome, ending.reason), (Outcome::NoAnswer, EndReason::NoAnswer));
}
