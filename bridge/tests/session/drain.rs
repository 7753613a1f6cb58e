//! The process has to go: calls that still run are said goodbye to.

use crate::common::*;
use bridge::session::{Control, Input, PhoneEvent};
use bridge::sounds::Sentence;
use domain::calls::EndReason;

fn wind_down(call: &mut SimCall) {
    call.input(Input::Command(Control::WindDown { reason: EndReason::Drained }));
}

fn reason(call: &SimCall) -> Option<EndReason> {
    call.ended.map(|ending| ending.reason)
}

#[test]
fn the_goodbye_is_heard_to_its_end() {
    let mut call = SimCall::answered();
    wind_down(&mut call);
    call.answer_ask("bye", "I have to go now. Goodbye.", 2000);
    call.run_for(ms(5000));
    assert_eq!((call.voice_ms(), reason(&call)), (2000, Some(EndReason::Drained)));
}

#[test]
fn an_answer_is_not_broken_off_for_it() {
    let mut call = SimCall::answered();
    call.model_says("a", "A short story.", 2000);
    call.run_for(ms(500));
    wind_down(&mut call);
    call.answer_ask("bye", "I have to go now. Goodbye.", 1000);
    call.run_for(ms(5000));
    assert_eq!((call.voice_ms(), reason(&call)), (3000, Some(EndReason::Drained)));
}

#[test]
fn without_a_model_the_goodbye_is_a_recorded_one() {
    let mut call = SimCall::answered();
    call.disconnect();
    wind_down(&mut call);
    call.run_for(RECORDED);
    assert_eq!(call.texts().last().map(String::as_str), Some(words(Sentence::Goodbye)));
    assert_eq!(reason(&call), Some(EndReason::Drained));
}

#[test]
fn a_phone_that_rings_is_not_let_ring() {
    let mut call = SimCall::dialing(plan());
    call.phone(PhoneEvent::Ringing);
    wind_down(&mut call);
    assert!(call.hung_up.is_some());
    call.run_for(ms(3000));
    assert_eq!(reason(&call), Some(EndReason::Drained));
}
