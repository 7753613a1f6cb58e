//! Whose response it is: the server answers by itself while something else was asked for.

use crate::common::*;
use bridge::realtime::command::Command;
use bridge::realtime::event::{ErrorBody, ErrorInfo, Response, ResponseEvent, ServerEvent};

/// The instructions of the responses asked for, without those of the session.
fn asked_for(call: &SimCall) -> Vec<String> {
    let asked = call.commands().filter_map(|command| match command {
        Command::ResponseCreate { response: Some(response) } => Some(response.instructions.clone()),
        _ => None,
    });
    asked.map(|text| text.map(|text| text.reveal().replace("You are kind.\n\n", "")).unwrap_or_default()).collect()
}

/// A response as the server reports it, with the tag of the request that it belongs to.
fn tagged(id: &str, tag: u32) -> ServerEvent {
    let metadata = Some([("ask".to_owned(), tag.to_string().into())].into_iter().collect());
    let response = Response { id: id.into(), status: "in_progress".into(), metadata, ..Response::default() };
    ServerEvent::ResponseCreated(ResponseEvent { response })
}

/// The request that was sent last is refused because of another response.
fn refused(call: &mut SimCall) {
    let code = Some("conversation_already_has_active_response".to_owned());
    call.model(ServerEvent::Error(ErrorInfo { error: ErrorBody { code, ..ErrorBody::default() } }));
}

/// Answered, and the greeting is asked for.
fn greeting_asked() -> SimCall {
    let mut call = SimCall::picked_up(plan());
    call.hear(0xFF);
    assert_eq!(asked_for(&call), ["Greet the person."]);
    call.forget();
    call
}

#[test]
fn an_answer_that_comes_before_the_greeting_does_not_replace_it() {
    let mut call = greeting_asked();
    call.model_begins("auto", "Hello?", 500);
    refused(&mut call);
    call.end_response("r_auto", "completed", vec![]);
    assert_eq!(asked_for(&call), ["Greet the person."]);
    call.answer_ask("greeting", "Good morning.", 500);
    call.run_for(ms(3000));
    assert_eq!(asked_for(&call), ["Greet the person."], "once, and no second answer");
    assert_eq!(call.texts(), ["Hello?", "Good morning."]);
}

#[test]
fn a_greeting_that_is_taken_on_after_an_answer_is_known_by_its_tag() {
    let mut call = greeting_asked();
    call.model_says("auto", "Hello?", 500);
    call.model(tagged("r_greeting", 1));
    call.begin_item("r_greeting", "greeting");
    call.delta("r_greeting", "greeting", 500);
    call.run_for(ms(300));
    // Had it been taken for an answer the caller could cut it.
    call.speech_starts("u", 100_000);
    assert!(call.session.queue().queued() > 0);
}

#[test]
fn once_the_server_echoes_tags_a_response_without_one_is_its_own() {
    let mut call = greeting_asked();
    call.model(tagged("r_greeting", 1));
    call.begin_item("r_greeting", "greeting");
    call.delta("r_greeting", "greeting", 300);
    call.end_response("r_greeting", "completed", vec![]);
    call.run_for(ms(1000));
    call.speech_starts("u", 0);
    call.speech_stops("u");
    call.run_for(ms(8100));
    assert!(call.asked(), "the overdue answer is asked for");
    call.forget();
    call.model_begins("auto", "I was thinking.", 500);
    refused(&mut call);
    call.end_response("r_auto", "completed", vec![]);
    call.run_for(ms(12_000));
    assert_eq!(call.voice_ms(), 500);
    assert!(asked_for(&call).is_empty(), "the caller is not answered twice");
}

#[test]
fn a_request_whose_fate_is_never_told_does_not_freeze_the_call() {
    let mut call = greeting_asked();
    call.model(tagged("r_greeting", 1));
    call.begin_item("r_greeting", "greeting");
    call.delta("r_greeting", "greeting", 300);
    call.end_response("r_greeting", "completed", vec![]);
    call.run_for(ms(1000));
    call.speech_starts("u", 0);
    call.speech_stops("u");
    call.run_for(ms(8100));
    call.forget();
    call.model_says("auto", "I was thinking.", 500);
    call.run_for(ms(8200));
    assert!(call.asked(), "it is asked again");
}

#[test]
fn what_the_caller_says_during_the_greeting_is_answered_after_it() {
    let mut call = greeting_asked();
    call.model(tagged("r_greeting", 1));
    call.begin_item("r_greeting", "greeting");
    call.delta("r_greeting", "greeting", 1000);
    call.speech_starts("u", 0);
    call.speech_stops("u");
    refused(&mut call);
    assert!(asked_for(&call).is_empty());
    call.transcribed("u", "Who is it?");
    call.end_response("r_greeting", "completed", vec![]);
    assert_eq!(asked_for(&call), [""]);
    assert!(call.ended.is_none());
}
