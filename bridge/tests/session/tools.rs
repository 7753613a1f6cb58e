//! Functions: run once, after the response that called them, and a goodbye is never clipped.

use crate::common::*;
use bridge::realtime::command::{Command, NewItem};
use bridge::session::{Done, Work};
use bridge::sounds::Sentence;
use domain::alerts::AlertKind;
use domain::calls::EndReason;
use domain::emergencies::Severity;
use test_case::test_case;

fn results(call: &SimCall) -> Vec<(String, String)> {
    let results = call.commands().filter_map(|c| match c {
        Command::ItemCreate { item: NewItem::FunctionCallOutput { call_id, output }, .. } => {
            Some((call_id.clone(), output.reveal().clone()))
        }
        _ => None,
    });
    results.collect()
}

/// The model calls one function and says nothing.
fn calls(call: &mut SimCall, id: &str, name: &str, arguments: &str) {
    call.begin_response("r");
    call.end_response("r", "completed", vec![function_call_with(id, name, arguments)]);
}

#[test]
fn ending_the_call_waits_until_the_goodbye_was_heard() {
    let mut call = SimCall::answered();
    call.model_begins("bye", "Goodbye, see you tomorrow.", 3000);
    call.run_for(ms(200));
    assert!(results(&call).is_empty(), "not before the response is over");
    call.end_response("r_bye", "completed", vec![function_call("c1", "end_call")]);
    assert_eq!(results(&call).len(), 1);
    assert!(!call.asked(), "a goodbye is being said already");
    call.run_for(ms(2700));
    assert!(call.hung_up.is_none());
    call.run_for(ms(500));
    assert_eq!(call.ended.unwrap().reason, EndReason::Goodbye);
    assert_eq!(call.voice_ms(), 3000);
    assert_eq!(call.texts().last().unwrap(), "Goodbye, see you tomorrow.");
}

#[test]
fn a_silent_end_is_given_a_goodbye() {
    let mut call = SimCall::answered();
    call.begin_response("r");
    call.end_response("r", "completed", vec![function_call("c1", "end_call")]);
    call.answer_ask("bye", "Goodbye!", 800);
    call.run_for(ms(2000));
    assert_eq!(call.voice_ms(), 800);
    assert!(call.ended.is_some());
}

#[test]
fn a_goodbye_that_never_comes_is_said_for_the_model_after_five_seconds() {
    let mut call = SimCall::answered();
    call.begin_response("r");
    call.end_response("r", "completed", vec![function_call("c1", "end_call")]);
    call.run_for(ms(4900));
    assert!(!call.texts().contains(&words(Sentence::Goodbye).to_owned()));
    call.run_for(RECORDED);
    assert!(call.ended.is_some());
    assert_eq!(call.texts().last().unwrap(), words(Sentence::Goodbye));
}

#[test]
fn a_caller_who_still_has_something_to_say_keeps_the_call() {
    let mut call = SimCall::answered();
    call.model_begins("bye", "Goodbye, see you tomorrow.", 2000);
    call.end_response("r_bye", "completed", vec![function_call("c1", "end_call")]);
    call.run_for(ms(500));
    call.speech_starts("u", 0);
    call.run_for(ms(2500));
    call.speech_stops("u");
    call.model_says("more", "Tell me.", 500);
    call.run_for(ms(3000));
    assert!(call.ended.is_none());
}

#[test]
fn a_short_bye_of_the_caller_does_not_keep_the_call() {
    let mut call = SimCall::answered();
    call.model_begins("bye", "Goodbye, see you tomorrow.", 2000);
    call.end_response("r_bye", "completed", vec![function_call("c1", "end_call")]);
    call.run_for(ms(500));
    call.speech_starts("u", 0);
    call.run_for(ms(600));
    call.speech_stops("u");
    call.model_says("more", "Bye bye.", 500);
    call.transcribed("u", "Bye.");
    call.run_for(ms(3000));
    assert_eq!(call.voice_ms(), 2500);
    assert!(call.hung_up.is_some());
}

#[test]
fn an_unknown_function_is_answered_with_an_error_once_and_the_model_goes_on() {
    let mut call = SimCall::answered();
    call.begin_response("r");
    call.end_response("r", "completed", vec![function_call("c1", "launch")]);
    assert_eq!(results(&call), [("c1".to_owned(), r#"{"error":"unknown_tool"}"#.to_owned())]);
    assert!(call.asked());
    call.forget();
    call.begin_response("r2");
    call.end_response("r2", "completed", vec![function_call("c1", "launch")]);
    assert!(results(&call).is_empty());
}

#[test]
fn a_function_of_a_cancelled_response_is_not_run() {
    let mut call = SimCall::answered();
    call.begin_response("r");
    call.end_response("r", "cancelled", vec![function_call("c1", "end_call")]);
    call.run_for(ms(6000));
    assert!(results(&call).is_empty());
    assert!(call.ended.is_none());
}

#[test]
fn an_alert_of_the_model_is_reported_to_it_only_when_somebody_was_reached() {
    for (informed, status) in [(0, "recorded"), (2, "sent")] {
        let mut call = SimCall::answered();
        calls(&mut call, "c1", "alert_caregiver", r#"{"severity":"high","reason":"She fell in the kitchen."}"#);
        let expected = Work::Alert {
            kind: AlertKind::Asked,
            severity: Severity::High,
            key: "c1".into(),
            cues: vec!["asked_by_model".into()],
            phrases: Vec::new(),
            words: Some("She fell in the kitchen.".to_owned().into()),
        };
        assert_eq!(call.works(), [&expected]);
        assert!(results(&call).is_empty() && !call.asked(), "nothing is said before it is known");
        call.done(Done::Alerted { informed });
        let [(id, output)] = &results(&call)[..] else { panic!("one result") };
        assert!(id == "c1" && output.contains(&format!(r#""status":"{status}""#)), "{output}");
        assert!(call.asked());
    }
}

#[test_case("take_note", r#"{"text":" Buy milk. "}"#, Work::Note { key: "c1".into(), text: "Buy milk.".to_owned().into() })]
#[test_case("schedule_callback", r#"{"minutes_from_now":90}"#, Work::CallBack { key: "c1".into(), minutes: 90 })]
#[test_case("transfer_to_caregiver", "", Work::FindCaregiver)]
fn functions_become_work(name: &str, arguments: &str, expected: Work) {
    let mut call = SimCall::answered();
    calls(&mut call, "c1", name, arguments);
    assert_eq!(call.works(), [&expected]);
}

#[test_case("alert_caregiver", r#"{"severity":"high"}"#; "a field is missing")]
#[test_case("alert_caregiver", r#"{"severity":"awful","reason":"x"}"#; "a value nobody knows")]
#[test_case("take_note", r#"{"text":"   "}"#; "an empty note")]
#[test_case("schedule_callback", r#"{"minutes_from_now":4}"#; "too soon")]
#[test_case("schedule_callback", r#"{"minutes_from_now":99999999999}"#; "a number too large")]
#[test_case("take_note", "[1"; "no JSON")]
fn arguments_that_make_no_sense_are_answered_and_nothing_is_done(name: &str, arguments: &str) {
    let mut call = SimCall::answered();
    calls(&mut call, "c1", name, arguments);
    assert!(call.works().is_empty());
    assert!(results(&call)[0].1.contains("invalid_arguments"));
    assert!(call.asked());
}

#[test]
fn the_model_goes_on_once_when_all_results_of_its_response_are_in() {
    let mut call = SimCall::answered();
    call.begin_response("r");
    let note = |id: &str| function_call_with(id, "take_note", r#"{"text":"x"}"#);
    call.end_response("r", "completed", vec![note("c1"), note("c2")]);
    let ids: Vec<u64> = call.tasks.iter().map(|(_, task)| task.id).collect();
    call.input(bridge::session::Input::Done { task: ids[1], done: Done::Noted });
    assert!(!call.asked());
    call.input(bridge::session::Input::Done { task: ids[0], done: Done::Noted });
    assert!(call.asked());
    call.input(bridge::session::Input::Done { task: ids[0], done: Done::Noted });
    let asks = call.commands().filter(|c| matches!(c, Command::ResponseCreate { .. })).count();
    assert_eq!((results(&call).len(), asks), (2, 1), "a second report changes nothing");
}

#[test]
fn a_slow_result_is_told_later_and_nobody_waits_for_it() {
    let mut call = SimCall::answered();
    calls(&mut call, "c1", "take_note", r#"{"text":"x"}"#);
    call.run_for(ms(5100));
    assert!(results(&call)[0].1.contains("pending") && call.asked());
    call.answer_ask("a", "I am writing it down.", 500);
    call.run_for(ms(700));
    call.done(Done::Noted);
    assert_eq!(results(&call).len(), 1);
    assert!(call.remarks().last().unwrap().contains("noted"));
}

#[test]
fn a_result_for_a_session_that_is_gone_is_told_to_the_next_as_a_remark() {
    let mut call = SimCall::answered();
    calls(&mut call, "c1", "take_note", r#"{"text":"x"}"#);
    call.disconnect();
    call.run_for(ms(20));
    call.connect();
    call.forget_sent();
    call.done(Done::Noted);
    assert!(results(&call).is_empty());
    assert!(call.remarks().last().unwrap().contains("noted"));
}

#[test]
fn the_same_function_call_after_a_reconnection_has_no_second_effect() {
    let mut call = SimCall::answered();
    calls(&mut call, "c1", "take_note", r#"{"text":"x"}"#);
    call.disconnect();
    call.run_for(ms(20));
    call.connect();
    calls(&mut call, "c1", "take_note", r#"{"text":"x"}"#);
    assert_eq!(call.works().len(), 1);
}

#[test]
fn while_the_caller_speaks_the_model_is_not_asked_to_go_on() {
    let mut call = SimCall::answered();
    calls(&mut call, "c1", "take_note", r#"{"text":"x"}"#);
    call.speech_starts("u", 0);
    call.forget_sent();
    call.done(Done::Noted);
    assert!(!call.asked() && results(&call).len() == 1, "the server answers both when the caller is done");
}
