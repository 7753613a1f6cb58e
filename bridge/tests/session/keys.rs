//! The keys of the telephone.

use crate::common::*;
use bridge::session::{Control, Done, Input, PhoneEvent, Plan, Work};
use bridge::sounds::Sentence;
use domain::alerts::AlertKind;

fn press(call: &mut SimCall, keys: &str) {
    for key in keys.chars() {
        call.phone(PhoneEvent::Dtmf(key));
        call.run_for(ms(100));
    }
}

fn helped(call: &SimCall) -> usize {
    call.works().iter().filter(|work| matches!(work, Work::Alert { kind: AlertKind::HelpKey, .. })).count()
}

#[test]
fn zero_raises_an_alert_at_once_and_the_caller_hears_so_while_the_model_speaks() {
    let mut call = SimCall::answered();
    call.model_says("story", "A very long story.", 9000);
    call.run_for(ms(500));
    call.forget();
    press(&mut call, "0");
    assert_eq!(helped(&call), 1);
    assert!(call.session.queue().playing().is_some_and(|item| item.starts_with("recorded_")));
    assert_eq!(call.remarks().len(), 1);
    assert!(call.asked());
    call.done(Done::Alerted { informed: 1 });
    assert_eq!(call.remarks().len(), 2, "and only then that somebody was told");
    call.run_for(RECORDED);
    assert!(call.texts().contains(&words(Sentence::HelpNoted).to_owned()));
}

#[test]
fn zero_works_while_the_model_is_down() {
    let mut call = SimCall::answered();
    call.disconnect();
    call.forget();
    press(&mut call, "0");
    assert_eq!(helped(&call), 1);
    call.run_for(RECORDED);
    assert!(call.texts().iter().any(|text| text == words(Sentence::HelpNoted)));
}

#[test]
fn pressing_zero_again_and_again_raises_one_alert_in_half_a_minute() {
    let mut call = SimCall::answered();
    press(&mut call, "000000");
    assert_eq!(helped(&call), 1);
    call.answer_ask("a", "What is wrong?", 500);
    call.run_for(ms(31_000));
    press(&mut call, "0");
    assert_eq!(helped(&call), 2);
}

#[test]
fn help_keeps_a_call_that_was_about_to_end() {
    let mut call = SimCall::answered();
    call.model_begins("bye", "Goodbye, see you tomorrow.", 2000);
    call.end_response("r_bye", "completed", vec![function_call("c1", "end_call")]);
    call.run_for(ms(500));
    press(&mut call, "0");
    call.run_for(ms(4000));
    assert!(call.ended.is_none());
}

#[test]
fn a_number_is_told_to_the_model_whole_when_it_is_typed() {
    for (keys, wait) in [("120#", 0), ("120", 2100)] {
        let mut call = SimCall::answered();
        press(&mut call, keys);
        call.run_for(ms(wait));
        assert_eq!(call.told("user"), ["[The person pressed these keys on their telephone: 120]"], "{keys}");
        assert!(call.asked());
        assert_eq!(helped(&call), 0, "a zero inside a number is a digit");
        assert_eq!(call.session.stats().barge_ins, 0, "keys interrupt nobody");
    }
}

#[test]
fn no_key_is_lost_at_fifty_milliseconds_each() {
    let mut call = SimCall::answered();
    for key in "1234567890*".chars() {
        call.phone(PhoneEvent::Dtmf(key));
        call.run_for(ms(100));
    }
    call.run_for(ms(2100));
    assert!(call.told("user")[0].contains("1234567890*"));
    assert_eq!(call.session.stats().digits, 11);
}

#[test]
fn an_extension_is_pressed_after_the_answer_and_keys_can_be_sent_from_outside() {
    let mut call = SimCall::dialing(Plan { extension: Some("12,3#".into()), ..plan() });
    call.phone(PhoneEvent::Ringing);
    call.input(Input::Command(Control::Press("9".into())));
    assert!(call.pressed.is_empty());
    call.phone(PhoneEvent::Answered);
    call.input(Input::Command(Control::Press("9".into())));
    assert_eq!(call.pressed, ["12,3#", "9"]);
}
