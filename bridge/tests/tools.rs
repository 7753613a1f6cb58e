//! Functions: run once, after the response that called them, and a goodbye is never clipped.

mod common;

use bridge::realtime::command::{Command, NewItem};
use common::*;
use domain::calls::EndReason;

fn results(call: &SimCall) -> Vec<(String, String)> {
    let results = call.commands().filter_map(|c| match c {
        Command::ItemCreate { item: NewItem::FunctionCallOutput { call_id, output }, .. } => {
            Some((call_id.clone(), output.clone()))
        }
        _ => None,
    });
    results.collect()
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
fn a_goodbye_that_never_comes_is_not_waited_for_longer_than_five_seconds() {
    let mut call = SimCall::answered();
    call.begin_response("r");
    call.end_response("r", "completed", vec![function_call("c1", "end_call")]);
    call.run_for(ms(4900));
    assert!(call.ended.is_none());
    call.run_for(ms(200));
    assert!(call.ended.is_some());
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
