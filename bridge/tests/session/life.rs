//! From ringing to the end: greeting, watchdogs, farewells.

use crate::common::*;
use bridge::audio::frame::Codec;
use bridge::audio::g711::level_dbfs;
use bridge::realtime::command::Command;
use bridge::realtime::event::{ErrorBody, ErrorInfo, ServerEvent, SessionInfo};
use bridge::realtime::failure::Failure;
use bridge::session::{Cause, Control, Input, LinkEvent, PhoneEvent, Plan, Record};
use bridge::sounds::Sentence;
use domain::calls::{EndReason, Outcome, Status};
use test_case::test_case;

#[test]
fn the_model_is_connected_and_configured_while_the_phone_rings() {
    let mut call = SimCall::dialing(plan());
    assert_eq!(call.opened, 0);
    call.phone(PhoneEvent::Ringing);
    assert_eq!(call.opened, 1);
    call.input(Input::Link(LinkEvent::Up { unix_now: UNIX_NOW }));
    assert!(call.sent.is_empty(), "the server speaks first");
    call.model(ServerEvent::SessionCreated(SessionInfo::default()));
    let Some(Command::SessionUpdate { session }) = call.commands().next() else { panic!() };
    let json = serde_json::to_value(session).unwrap();
    let expected = serde_json::json!({
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": "You are kind.",
        "audio": {
            "input": {
                "format": {"type": "audio/pcmu"},
                "transcription": {"model": "gpt-4o-mini-transcribe", "language": "en"},
                "noise_reduction": null,
                "turn_detection": {
                    "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300,
                    "silence_duration_ms": 700, "idle_timeout_ms": null,
                    "create_response": true, "interrupt_response": false
                }
            },
            "output": {"format": {"type": "audio/pcmu"}, "voice": "marin", "speed": 1.0}
        },
        "tool_choice": "auto",
        "max_output_tokens": "inf",
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&json[key], value, "{key}");
    }
    assert!((json["truncation"]["retention_ratio"].as_f64().unwrap() - 0.8).abs() < 1e-6);
    assert_eq!(json["tools"][0]["name"], "end_call");
}

#[test_case(&["answer", "media", "model"]; "the model is last")]
#[test_case(&["model", "answer", "media"]; "media is last")]
#[test_case(&["model", "media", "answer"]; "the answer is last")]
fn the_greeting_waits_for_all_three(order: &[&str]) {
    let mut call = SimCall::dialing(plan());
    call.phone(PhoneEvent::Ringing);
    for (n, step) in order.iter().enumerate() {
        assert!(!call.asked(), "asked before step {n}");
        match *step {
            "answer" => call.phone(PhoneEvent::Answered),
            "media" => call.phone(PhoneEvent::MediaUp),
            _ => call.connect(),
        }
    }
    let Some(Command::ResponseCreate { response: Some(response) }) = call.commands().last() else {
        panic!("no greeting was asked for")
    };
    assert_eq!(response.instructions, Some("You are kind.\n\nGreet the person.".to_owned().into()));
}

#[test]
fn the_first_frame_of_the_greeting_leaves_within_one_tick() {
    let mut call = SimCall::picked_up(plan());
    call.run_for(ms(205));
    call.answer_ask("greeting", "Good morning.", 400);
    let before = call.played.len();
    call.run_for(ms(20));
    assert_eq!(call.played.len(), before + 1);
    assert_eq!(call.voice_ms(), 20);
}

#[test]
fn what_is_said_before_the_model_is_ready_reaches_it_complete() {
    let mut call = SimCall::dialing(plan());
    call.phone(PhoneEvent::Ringing);
    call.phone(PhoneEvent::Answered);
    call.phone(PhoneEvent::MediaUp);
    call.microphone = Some(0x21);
    call.run_for(ms(2000));
    assert!(call.appended().is_empty());
    call.connect();
    call.run_for(ms(200));
    assert_eq!(call.appended().len(), 8 * 2200);
    assert_eq!(call.session.stats().dropped_frames, 0);
}

#[test]
fn the_greeting_is_not_interrupted_but_what_the_caller_says_is_answered() {
    let mut call = SimCall::picked_up(plan());
    call.microphone = Some(0x21);
    call.answer_ask("greeting", "Good morning, this is your daily call.", 2000);
    call.run_for(ms(500));
    call.speech_starts("u", 300);
    call.run_for(ms(800));
    call.speech_stops("u");
    call.transcribed("u", "Hello, who is it?");
    call.answer_ask("answer", "It is me.", 600);
    call.run_for(ms(3000));
    assert_eq!(call.voice_ms(), 2600);
    assert_eq!(call.appended().len(), 8 * 4300);
    assert_eq!(call.texts(), ["Good morning, this is your daily call.", "Hello, who is it?", "It is me."]);
}

#[test]
fn a_double_create_is_asked_again_once_the_other_response_is_over() {
    let mut call = SimCall::picked_up(plan());
    let code = Some("conversation_already_has_active_response".to_owned());
    call.begin_response("r_other");
    call.model(ServerEvent::Error(ErrorInfo { error: ErrorBody { code, ..ErrorBody::default() } }));
    call.sent.clear();
    call.end_response("r_other", "completed", vec![]);
    call.run_for(ms(1000));
    assert_eq!(call.commands().count(), 1);
    assert!(call.asked());
}

#[test]
fn a_frame_is_owed_every_tick_and_none_is_digital_silence_while_the_caller_is_silent() {
    let mut call = SimCall::answered();
    call.model_says("item", "Good.", 1000);
    call.run_for(ms(5000));
    call.assert_paced();
    assert_eq!(call.played.len(), 250);
    for (at, frame) in &call.played {
        assert!(level_dbfs(Codec::Ulaw, frame) > -75.0, "digital silence at {at:?}");
    }
    call.forget();
    call.speech_starts("u", 0);
    call.run_for(ms(500));
    assert!(call.played.iter().all(|(_, frame)| *frame == [0xFF; 160]));
}

#[test]
fn without_a_model_the_caller_is_told_and_the_call_ends_after_ten_seconds() {
    let mut call = SimCall::dialing(plan());
    call.phone(PhoneEvent::Answered);
    call.phone(PhoneEvent::MediaUp);
    call.microphone = Some(0xFF);
    call.run_for(ms(9900));
    assert!(call.texts().is_empty() || call.hung_up.is_none());
    call.assert_paced();
    call.run_for(RECORDED);
    assert!(call.hung_up.is_some());
    assert_eq!(call.ended.unwrap().reason, EndReason::SetUpFailed);
    assert_eq!(call.texts(), [words(Sentence::Opener), words(Sentence::OneMoment), words(Sentence::Apology)]);
}

#[test]
fn a_key_that_is_not_accepted_ends_the_call_at_once() {
    let mut call = SimCall::dialing(plan());
    call.phone(PhoneEvent::Ringing);
    call.input(Input::Link(LinkEvent::Down(Failure::Fatal("invalid_api_key".into()))));
    assert!(call.hung_up.is_some());
    let ending = call.ended.unwrap();
    assert_eq!((ending.outcome, ending.reason), (Outcome::Failed, EndReason::SetUpFailed));
}

#[test]
fn another_audio_format_than_the_one_asked_for_is_never_played() {
    let mut call = SimCall::dialing(plan());
    call.phone(PhoneEvent::Answered);
    call.phone(PhoneEvent::MediaUp);
    call.input(Input::Link(LinkEvent::Up { unix_now: UNIX_NOW }));
    call.model(ServerEvent::SessionCreated(SessionInfo::default()));
    call.model(ServerEvent::SessionUpdated(session_with("audio/opus")));
    call.run_for(RECORDED);
    assert_eq!(call.ended.unwrap().reason, EndReason::SetUpFailed);
    assert_eq!(call.texts(), [words(Sentence::Apology)]);
}

#[test]
fn a_dead_line_ends_the_call_after_fifteen_seconds() {
    let mut call = SimCall::answered();
    call.microphone = None;
    call.run_for(ms(14_000));
    assert!(call.ended.is_none());
    call.run_for(ms(1100));
    assert_eq!(call.ended.unwrap().reason, EndReason::MediaLost);
}

#[test_case(Cause::Busy => (Outcome::Busy, EndReason::Busy))]
#[test_case(Cause::NoAnswer => (Outcome::NoAnswer, EndReason::NoAnswer))]
#[test_case(Cause::Rejected => (Outcome::Failed, EndReason::Rejected))]
#[test_case(Cause::Unreachable => (Outcome::Failed, EndReason::Unreachable))]
#[test_case(Cause::Unknown => (Outcome::Failed, EndReason::Unreachable))]
#[test_case(Cause::Failed => (Outcome::Failed, EndReason::SetUpFailed))]
fn a_call_that_nobody_takes_ends_with_its_cause(cause: Cause) -> (Outcome, EndReason) {
    let mut call = SimCall::dialing(plan());
    call.phone(PhoneEvent::Ringing);
    call.run_for(ms(3000));
    call.phone(PhoneEvent::HungUp(cause));
    let ending = call.ended.unwrap();
    assert_eq!(ending.talked, ms(0));
    (ending.outcome, ending.reason)
}

#[test]
fn states_are_recorded_in_order() {
    let mut call = SimCall::dialing(plan());
    call.phone(PhoneEvent::Ringing);
    call.phone(PhoneEvent::Answered);
    call.phone(PhoneEvent::HungUp(Cause::Normal));
    let states: Vec<_> =
        call.records.iter().filter_map(|r| if let Record::State(state) = r { Some(*state) } else { None }).collect();
    assert_eq!(states, [Status::Dialing, Status::Ringing, Status::Connected, Status::Ended]);
}

#[test]
fn the_end_command_hangs_up_at_once() {
    let mut call = SimCall::answered();
    call.model_says("item", "A very long story about nothing.", 8000);
    call.run_for(ms(1000));
    call.input(Input::Command(Control::End { reason: EndReason::EndedByCaregiver }));
    assert_eq!(call.hung_up, Some(call.now - call.start));
    let ending = call.ended.unwrap();
    assert_eq!((ending.outcome, ending.reason), (Outcome::Answered, EndReason::EndedByCaregiver));
    assert_eq!(call.texts().last().unwrap(), "A");
}

#[test]
fn after_the_hang_up_the_last_words_are_waited_for() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.speech_stops("u");
    call.phone(PhoneEvent::HungUp(Cause::Normal));
    assert!(call.ended.is_none());
    call.run_for(ms(700));
    call.transcribed("u", "My chest hurts.");
    assert!(call.ended.is_some());
    assert_eq!(call.texts().last().unwrap(), "My chest hurts.");
}

#[test]
fn words_cut_short_by_the_hang_up_are_still_written_down() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.run_for(ms(900));
    call.phone(PhoneEvent::HungUp(Cause::Normal));
    assert_eq!(call.commands().next_back(), Some(&Command::Commit));
    assert!(call.ended.is_none());
    call.committed("u");
    call.transcribed("u", "Help, I have fallen");
    assert!(call.ended.is_some());
    assert_eq!(call.texts().last().unwrap(), "Help, I have fallen");
}

#[test]
fn when_nothing_is_left_to_commit_nobody_waits() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.phone(PhoneEvent::HungUp(Cause::Normal));
    let code = Some("input_audio_buffer_commit_empty".to_owned());
    call.model(ServerEvent::Error(ErrorInfo { error: ErrorBody { code, ..ErrorBody::default() } }));
    assert!(call.ended.is_some());
}

#[test]
fn last_words_that_never_come_are_not_waited_for_longer_than_ten_seconds() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.speech_stops("u");
    call.phone(PhoneEvent::HungUp(Cause::Normal));
    call.run_for(ms(9900));
    assert!(call.ended.is_none(), "a long sentence takes its time to be written down");
    call.run_for(ms(200));
    assert!(call.ended.is_some());
}

#[test]
fn a_call_that_is_too_long_ends_with_a_farewell_that_is_heard() {
    let mut call = SimCall::answered_with(Plan { max_call: ms(60_000), ..plan() });
    call.run_for(ms(59_600));
    assert!(call.asked(), "the farewell is asked for");
    call.answer_ask("bye", "Goodbye, take care.", 2000);
    call.run_for(ms(1900));
    assert!(call.hung_up.is_none());
    call.run_for(ms(1000));
    assert_eq!(call.ended.unwrap().reason, EndReason::TimeLimit);
    assert_eq!(call.texts().last().unwrap(), "Goodbye, take care.");
    assert_eq!(call.voice_ms(), 2000);
}

#[test]
fn a_model_that_says_no_goodbye_does_not_keep_the_line_and_goodbye_is_said_all_the_same() {
    let mut call = SimCall::answered_with(Plan { max_call: ms(60_000), ..plan() });
    call.run_for(ms(64_500));
    assert!(call.hung_up.is_none());
    call.run_for(RECORDED);
    assert_eq!(call.ended.unwrap().reason, EndReason::TimeLimit);
    assert_eq!(call.texts().last().unwrap(), words(Sentence::Goodbye));
}

#[test]
fn silence_is_asked_about_and_ends_the_call_in_the_end() {
    let idle = Plan { idle: Some(ms(10_000)), idle_checks: 2, ..plan() };
    let mut call = SimCall::answered_with(idle);
    call.model_says("story", "A long story.", 30_000);
    call.run_for(ms(39_000));
    assert!(!call.asked(), "the clock starts when the caller has heard the end");
    call.run_for(ms(1200));
    call.answer_ask("check_1", "Are you there?", 1000);
    call.run_for(ms(11_200));
    call.answer_ask("check_2", "Hello?", 1000);
    call.run_for(ms(11_200));
    call.answer_ask("bye", "I will call again. Goodbye.", 1000);
    call.run_for(ms(2000));
    assert_eq!(call.ended.unwrap().reason, EndReason::Silence);
}

#[test]
fn an_answer_that_does_not_come_is_asked_for_again_and_then_the_connection_is_renewed() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.speech_stops("u");
    call.run_for(ms(8100));
    assert!(call.asked());
    let opened = call.opened;
    call.run_for(ms(8100));
    assert_eq!(call.opened, opened + 1);
}

#[test]
fn a_response_that_never_ends_does_not_freeze_the_call() {
    let mut call = SimCall::picked_up(plan());
    call.microphone = Some(0xFF);
    call.begin_response("r");
    call.delta("r", "greeting", 500);
    call.run_for(ms(6000));
    call.model_says("item", "Something long.", 4000);
    call.run_for(ms(500));
    call.interrupts("u", 0);
    assert_eq!(call.session.queue().queued(), 0, "the greeting is over: barge-in works");
}
