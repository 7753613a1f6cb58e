//! The model is lost in the middle of a call, and comes back knowing what was said.

use crate::common::*;
use bridge::realtime::command::{Command, NewItem, Part};
use bridge::realtime::event::{ErrorBody, ErrorInfo, ServerEvent};
use bridge::realtime::failure::Failure;
use bridge::session::{Input, LinkEvent};
use bridge::sounds::Sentence;
use domain::calls::EndReason;

fn restored(call: &SimCall) -> Vec<(&'static str, &'static str, String)> {
    let items = call.commands().filter_map(|c| match c {
        Command::ItemCreate { item: NewItem::Message { role, content: [Part { kind, text }], .. }, .. } => {
            Some((*role, *kind, text.reveal().clone()))
        }
        _ => None,
    });
    items.collect()
}

fn conversation() -> SimCall {
    let mut call = SimCall::answered();
    call.speech_starts("u1", 0);
    call.speech_stops("u1");
    call.transcribed("u1", "My cat is called Mia.");
    call
}

#[test]
fn a_connection_lost_in_mid_answer_is_restored_with_everything_said() {
    let mut call = conversation();
    call.model_begins("a1", "What a lovely name", 2000);
    call.run_for(ms(400));
    call.forget();
    call.disconnect();
    call.run_for(ms(50));
    assert_eq!(call.opened, 2);
    call.run_for(ms(800));
    call.connect();
    let items = restored(&call);
    assert_eq!(
        items[..3],
        [
            ("assistant", "output_text", "Good morning.".to_owned()),
            ("user", "input_text", "My cat is called Mia.".to_owned()),
            ("assistant", "output_text", "What a lovely name".to_owned()),
        ]
    );
    assert_eq!(items[3].0, "system");
    assert!(call.asked(), "the unfinished answer goes on");

    call.answer_ask("a2", "for a cat.", 500);
    call.run_for(ms(2500));
    call.assert_paced();
    assert_eq!(call.voice_ms(), 2000 - 400 + 500, "what had been received was played too");
    assert_eq!(call.texts().last().unwrap(), "for a cat.");
}

#[test]
fn words_spoken_while_the_model_is_away_reach_the_new_session() {
    let mut call = conversation();
    call.model_says("a1", "I see.", 200);
    call.run_for(ms(1000));
    call.disconnect();
    call.run_for(ms(20));
    call.forget();
    call.microphone = Some(0x21);
    call.run_for(ms(1000));
    assert!(call.appended().is_empty());
    call.connect();
    let appended = call.appended();
    assert!(appended.ends_with(&[0x21; 8000]), "{} bytes", appended.len());
}

#[test]
fn sound_of_the_lost_connection_cannot_be_truncated_on_the_new_one() {
    let mut call = conversation();
    call.model_begins("a1", "What a lovely name that is", 4000);
    call.run_for(ms(400));
    call.disconnect();
    call.run_for(ms(20));
    call.connect();
    call.forget();
    call.interrupts("u2", 0);
    assert!(!call.commands().any(|c| matches!(c, Command::Truncate { .. })));
    assert_eq!(call.session.queue().queued(), 0);
}

#[test]
fn a_model_that_stays_away_ends_the_call_after_thirty_seconds() {
    let mut call = conversation();
    let mut attempts = 0;
    while call.ended.is_none() && call.now - call.start < ms(60_000) {
        call.disconnect();
        attempts += 1;
        let opened = call.opened;
        while call.opened == opened && call.ended.is_none() && !call.apologises() {
            call.run_for(ms(20));
        }
        if call.apologises() {
            call.run_for(RECORDED);
        }
    }
    assert_eq!(call.ended.unwrap().reason, EndReason::ModelLost);
    assert!((6..20).contains(&attempts), "{attempts} attempts");
    call.assert_paced();
}

#[test]
fn an_error_that_no_retry_cures_ends_the_call() {
    let mut call = conversation();
    let code = Some("insufficient_quota".to_owned());
    call.model(ServerEvent::Error(ErrorInfo { error: ErrorBody { code, ..ErrorBody::default() } }));
    let opened = call.opened;
    call.run_for(RECORDED);
    assert_eq!(call.ended.unwrap().reason, EndReason::ModelLost);
    assert_eq!(call.texts().last().unwrap(), words(Sentence::Apology));
    assert_eq!(call.opened, opened, "what cannot be cured is not tried again");
}

#[test]
fn an_expired_session_is_replaced() {
    let mut call = conversation();
    let code = Some("session_expired".to_owned());
    call.model(ServerEvent::Error(ErrorInfo { error: ErrorBody { code, ..ErrorBody::default() } }));
    call.run_for(ms(50));
    assert_eq!(call.opened, 2);
}

#[test]
fn a_session_that_is_never_confirmed_is_opened_again() {
    let mut call = SimCall::answered();
    call.disconnect();
    call.run_for(ms(20));
    call.input(Input::Link(LinkEvent::Up { unix_now: UNIX_NOW }));
    call.run_for(ms(6000));
    assert!(call.opened >= 3);
    call.input(Input::Link(LinkEvent::Down(Failure::Fatal("model_not_found".into()))));
    call.run_for(RECORDED);
    assert_eq!(call.ended.unwrap().reason, EndReason::ModelLost);
}

/// How much of one sound the model was given.
fn bytes_of(call: &SimCall, sound: u8) -> usize {
    call.appended().into_iter().filter(|byte| *byte == sound).count()
}

/// Everything sent since the new session was confirmed, by kind.
fn kinds(call: &SimCall) -> Vec<&'static str> {
    let kinds = call.sent.iter().map(|(_, command)| match command {
        Command::ItemCreate { .. } => "item",
        Command::Append { .. } => "sound",
        Command::Commit => "commit",
        Command::ResponseCreate { .. } => "ask",
        _ => "other",
    });
    kinds.collect()
}

#[test]
fn words_that_were_not_written_down_when_the_connection_broke_are_said_again() {
    let mut call = SimCall::answered();
    call.hear(0x21);
    call.speech_starts("u1", 600);
    call.run_for(ms(3000));
    call.speech_stops("u1");
    call.disconnect();
    call.hear(0x22);
    call.run_for(ms(1000));
    call.forget();
    call.connect();
    assert_eq!(kinds(&call), ["other", "item", "item", "sound", "commit", "sound", "ask"]);
    let appended = call.appended();
    assert!(appended.ends_with(&[0x22; 8000]));
    assert_eq!(bytes_of(&call, 0x21), 24_000);

    call.committed("u1_again");
    call.model_says("a1", "Take an umbrella.", 500);
    call.transcribed("u1_again", "It is raining.");
    call.run_for(ms(1200));
    assert_eq!(call.texts(), ["Good morning.", "It is raining.", "Take an umbrella."]);
    call.disconnect();
    call.run_for(ms(20));
    call.forget();
    call.connect();
    assert!(!call.appended().contains(&0x21), "what is written down is not said a third time");
}

#[test]
fn words_replayed_twice_are_still_whole() {
    let mut call = SimCall::answered();
    call.hear(0x21);
    call.speech_starts("u1", 600);
    call.run_for(ms(1000));
    call.speech_stops("u1");
    call.disconnect();
    call.run_for(ms(20));
    call.connect();
    call.disconnect();
    call.run_for(ms(1000));
    call.forget();
    call.connect();
    assert_eq!(bytes_of(&call, 0x21), 8000 + 160 * 51);
    assert!(call.asked());
}

#[test]
fn an_answer_to_replayed_words_is_not_cut_by_them() {
    let mut call = SimCall::answered();
    call.hear(0x21);
    call.speech_starts("u1", 600);
    call.run_for(ms(2000));
    call.speech_stops("u1");
    call.disconnect();
    call.run_for(ms(20));
    call.connect();
    // The server finds the speech in what it is given, makes a turn of it and answers by itself.
    call.speech_starts("u1_again", 300);
    call.speech_stops("u1_again");
    call.model_begins("a1", "Call a doctor.", 1000);
    let code = Some("conversation_already_has_active_response".to_owned());
    call.model(ServerEvent::Error(ErrorInfo { error: ErrorBody { code, ..ErrorBody::default() } }));
    call.forget();
    call.end_response("r_a1", "completed", vec![]);
    call.run_for(ms(3000));
    assert_eq!(call.voice_ms(), 1000);
    assert!(!call.asked(), "the caller is not answered twice");
}
