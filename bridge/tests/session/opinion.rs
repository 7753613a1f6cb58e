//! The second opinion: the model is asked beside the conversation about what nothing else is sure of.

use crate::common::*;
use bridge::realtime::command::{Command, NewItem, ResponseConfig};
use bridge::realtime::event::{ErrorBody, ErrorInfo, Item, ItemPart, Response, ResponseEvent, ServerEvent};
use bridge::session::{Cause, PhoneEvent, Plan, Work};
use domain::emergencies::Severity;
use domain::phrases::{Category, Listened};
use domain::{Id, PhraseId};

/// Words that a phrase of the organisation and what stands around it make doubtful.
const DOUBTFUL: &str = "I watched a film about a purple elephant";

fn doubting(second_opinion: bool) -> Plan {
    let listened = Listened {
        id: PhraseId(Id::from_bytes([7; 12])),
        severity: Severity::High,
        category: Category::Medical,
        pattern: "purple elephant".to_owned(),
    };
    Plan { phrases: vec![listened], second_opinion, ..plan() }
}

/// A call whose server sends back what a response was asked with.
fn echoing(plan: Plan) -> SimCall {
    let mut call = SimCall::answered_with(plan);
    let metadata = Some([("ask".to_owned(), "1".into())].into_iter().collect());
    let response = Response { id: "r_echo".into(), metadata, ..Response::default() };
    call.model(ServerEvent::ResponseCreated(ResponseEvent { response }));
    call.end_response("r_echo", "cancelled", vec![]);
    call.forget();
    call
}

fn says(call: &mut SimCall, item: &str, text: &str) {
    call.speech_starts(item, 0);
    call.run_for(ms(1000));
    call.speech_stops(item);
    call.transcribed(item, text);
}

fn questions(call: &SimCall) -> Vec<ResponseConfig> {
    let asked = call.commands().filter_map(|command| match command {
        Command::ResponseCreate { response: Some(response) } if response.conversation.is_some() => {
            Some(response.clone())
        }
        _ => None,
    });
    asked.collect()
}

fn alerts(call: &SimCall) -> Vec<(Severity, Vec<String>)> {
    let works = call.works().into_iter();
    works
        .filter_map(
            |work| if let Work::Alert { severity, cues, .. } = work { Some((*severity, cues.clone())) } else { None },
        )
        .collect()
}

/// The server answers a question, as it does: under its tag, with a text.
fn answers(call: &mut SimCall, number: u64, text: &str) {
    let metadata = Some([("opinion".to_owned(), number.to_string().into())].into_iter().collect());
    let created = Response { id: format!("r_opinion{number}"), metadata, ..Response::default() };
    call.model(ServerEvent::ResponseCreated(ResponseEvent { response: created.clone() }));
    let content = vec![ItemPart { text: Some(text.into()) }];
    let item = Item {
        id: "item_o".into(),
        kind: "message".into(),
        role: Some("assistant".into()),
        content,
        ..Item::default()
    };
    let response = Response { status: "completed".into(), output: vec![item], ..created };
    call.model(ServerEvent::ResponseDone(ResponseEvent { response }));
}

#[test]
fn it_is_asked_of_doubtful_words_and_counts() {
    let mut call = echoing(doubting(true));
    says(&mut call, "u", DOUBTFUL);
    assert!(alerts(&call).is_empty(), "nobody waits for it, and nobody is told before");
    let questions = questions(&call);
    let [question] = &questions[..] else { panic!("{questions:?}") };
    assert_eq!((question.conversation, question.output_modalities), (Some("none"), Some(["text"])));
    assert_eq!(question.input, Some(vec![NewItem::message(None, "user", DOUBTFUL)]));
    assert_eq!(question.tool_choice, Some("none"));
    answers(&mut call, 1, "CRITICAL");
    assert_eq!(alerts(&call), [(Severity::Critical, vec!["phrase.medical".to_owned(), "second_opinion".to_owned()])]);
    assert!(!call.texts().iter().any(|text| text.contains("CRITICAL")), "it is no part of the conversation");
    answers(&mut call, 1, "CRITICAL");
    assert_eq!(alerts(&call).len(), 1, "once");
}

#[test]
fn whoever_hangs_up_after_doubtful_words_is_still_told_of() {
    let mut call = echoing(doubting(true));
    says(&mut call, "u", DOUBTFUL);
    call.phone(PhoneEvent::HungUp(Cause::Normal));
    assert!(call.ended.is_none(), "the answer is still to come");
    answers(&mut call, 1, "CRITICAL");
    assert_eq!(alerts(&call).len(), 1);
    assert!(call.ended.is_some());
}

#[test]
fn a_record_does_not_wait_long_for_an_answer_that_never_comes() {
    let mut call = echoing(doubting(true));
    says(&mut call, "u", DOUBTFUL);
    call.phone(PhoneEvent::HungUp(Cause::Normal));
    call.run_for(ms(2100));
    assert!(call.ended.is_some());
}

#[test]
fn an_answer_that_is_spoken_goes_on_beside_it() {
    let mut call = echoing(doubting(true));
    says(&mut call, "u", DOUBTFUL);
    call.model_says("a", "Oh, was it a good film?", 1000);
    answers(&mut call, 1, "NO");
    call.run_for(ms(1500));
    assert!(alerts(&call).is_empty());
    assert!(call.texts().contains(&"Oh, was it a good film?".to_owned()), "{:?}", call.texts());
}

#[test]
fn it_is_asked_where_patients_are_and_nowhere_else() {
    let mut call = echoing(doubting(false));
    says(&mut call, "u", DOUBTFUL);
    assert!(questions(&call).is_empty());
}

#[test]
fn a_server_that_keeps_tags_to_itself_is_not_asked() {
    let mut call = SimCall::answered_with(doubting(true));
    says(&mut call, "u", DOUBTFUL);
    assert!(questions(&call).is_empty());
}

#[test]
fn what_is_clear_needs_no_opinion() {
    let mut call = echoing(doubting(true));
    says(&mut call, "u1", "I can't breathe");
    says(&mut call, "u2", "I slept very well, thank you.");
    assert!(questions(&call).is_empty());
    assert_eq!(alerts(&call).len(), 1);
}

#[test]
fn a_question_that_cannot_be_asked_disturbs_nothing() {
    let mut call = echoing(doubting(true));
    says(&mut call, "u", DOUBTFUL);
    let event_id = call.last_event_id.clone();
    let code = Some("invalid_value".to_owned());
    let error = ErrorBody { kind: "invalid_request_error".into(), code, event_id, ..ErrorBody::default() };
    call.model(ServerEvent::Error(ErrorInfo { error }));
    answers(&mut call, 1, "CRITICAL");
    assert!(alerts(&call).is_empty());
    says(&mut call, "u2", "I can't breathe");
    assert_eq!(alerts(&call).len(), 1);
}

#[test]
fn a_lost_connection_takes_its_questions_along() {
    let mut call = echoing(doubting(true));
    says(&mut call, "u", DOUBTFUL);
    call.disconnect();
    call.run_for(ms(800));
    call.connect();
    answers(&mut call, 1, "CRITICAL");
    assert_eq!(alerts(&call), []);
}
