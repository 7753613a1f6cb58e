//! A model that connects and then has nothing to say, and noises that do not stop: neither keeps a
//! caller in silence.

use std::time::Duration;

use crate::common::*;
use bridge::realtime::command::Command;
use bridge::realtime::event::{ErrorBody, ErrorInfo, Response, ResponseEvent, ServerEvent};
use bridge::session::Plan;
use bridge::sounds::Sentence;
use domain::calls::EndReason;
use test_case::test_case;

/// What a service that is up but broken does with every request for a response.
#[derive(Clone, Copy)]
enum Broken {
    /// Begins it and reports that it failed.
    Fails,
    /// Reports an error in its place.
    Refuses,
    /// Begins it, and that was all.
    Begins,
    /// Nothing.
    Ignores,
    /// Confirms the session and breaks the connection when something is asked of it.
    Drops,
}

/// Lets the call run against a broken service until it ends, for `limit` at most.
fn run(call: &mut SimCall, broken: Broken, limit: Duration) {
    let (end, mut opened, mut answered) = (call.now + limit, call.opened, 0);
    while call.ended.is_none() && call.now < end {
        if call.opened > opened {
            opened = call.opened;
            call.connect();
        }
        let asked = call.commands().filter(|c| matches!(c, Command::ResponseCreate { .. })).count();
        if asked > answered {
            answered = asked;
            answer(call, broken, &format!("r{asked}"));
        }
        call.run_for(ms(20));
    }
}

fn answer(call: &mut SimCall, broken: Broken, id: &str) {
    let error = serde_json::json!({"type": "failed", "error": {"type": "server_error"}});
    match broken {
        Broken::Fails => {
            call.begin_response(id);
            let (id, status) = (id.into(), "failed".into());
            let response = Response { id, status, status_details: Some(error), ..Response::default() };
            call.model(ServerEvent::ResponseDone(ResponseEvent { response }));
        }
        Broken::Refuses => {
            let error = ErrorBody { kind: "server_error".into(), ..ErrorBody::default() };
            call.model(ServerEvent::Error(ErrorInfo { error }));
        }
        Broken::Begins => call.begin_response(id),
        Broken::Ignores => {}
        Broken::Drops => call.disconnect(),
    }
}

fn end_is_honest(call: &SimCall, owed_since: Duration) {
    let ending = call.ended.expect("nobody is kept in silence for longer");
    assert_eq!(ending.reason, EndReason::ModelLost);
    let silence = call.hung_up.unwrap().checked_sub(owed_since).unwrap();
    assert!((ms(20_000)..ms(34_000) + RECORDED).contains(&silence), "{silence:?}");
    assert_eq!(call.texts().last().unwrap(), words(Sentence::Apology));
    assert!(call.opened <= 10, "{} sessions", call.opened);
    call.assert_paced();
    call.assert_alive();
}

#[test_case(Broken::Fails; "every response fails")]
#[test_case(Broken::Refuses; "every request is refused")]
#[test_case(Broken::Begins; "responses begin and yield nothing")]
#[test_case(Broken::Ignores; "nothing is ever answered")]
#[test_case(Broken::Drops; "every request breaks the connection")]
fn a_model_that_never_says_a_word_does_not_keep_the_line(broken: Broken) {
    let mut call = SimCall::picked_up(plan());
    call.hear(0xFF);
    run(&mut call, broken, ms(1_500_000));
    end_is_honest(&call, ms(0));
}

#[test_case(Broken::Fails; "every response fails")]
#[test_case(Broken::Refuses; "every request is refused")]
#[test_case(Broken::Begins; "responses begin and yield nothing")]
#[test_case(Broken::Ignores; "nothing is ever answered")]
#[test_case(Broken::Drops; "every request breaks the connection")]
fn a_model_that_falls_silent_in_mid_call_does_not_keep_the_line(broken: Broken) {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.speech_stops("u");
    call.transcribed("u", "How are you?");
    let owed_since = call.now - call.start;
    run(&mut call, broken, ms(1_500_000));
    end_is_honest(&call, owed_since);
}

#[test]
fn a_caller_who_asks_again_and_again_does_not_prolong_a_dead_call() {
    let mut call = SimCall::answered();
    for n in 0..20 {
        let item = format!("u{n}");
        call.speech_starts(&item, 100_000);
        run(&mut call, Broken::Ignores, ms(800));
        if call.ended.is_some() {
            break;
        }
        call.speech_stops(&item);
        call.transcribed(&item, "Hello?");
        run(&mut call, Broken::Ignores, ms(9000));
    }
    assert_eq!(call.ended.unwrap().reason, EndReason::ModelLost);
    assert!(call.now - call.start < ms(38_000) + RECORDED, "{:?}", call.now - call.start);
}

#[test]
fn a_session_that_is_confirmed_and_lost_over_and_over_is_not_opened_without_pause() {
    let mut call = SimCall::answered();
    let opened = call.opened;
    for _ in 0..3000 {
        if call.opened > opened && call.asked() {
            break;
        }
        call.connect();
        call.disconnect();
        call.run_for(ms(20));
    }
    assert!(call.opened - opened < 25, "{} sessions in a minute", call.opened - opened);
    assert!(call.ended.is_none(), "nobody was owed anything");
}

#[test]
fn one_failure_is_forgiven_as_soon_as_the_model_speaks() {
    let mut call = SimCall::answered();
    for n in 0..30 {
        let (user, item) = (format!("u{n}"), format!("a{n}"));
        call.speech_starts(&user, 100_000);
        call.speech_stops(&user);
        call.transcribed(&user, "Go on.");
        answer(&mut call, Broken::Fails, &format!("r{n}"));
        call.run_for(ms(1000));
        call.answer_ask(&item, "Well.", 1000);
        call.run_for(ms(5000));
    }
    assert!(call.ended.is_none());
    assert_eq!(call.opened, 1);
}

#[test]
fn a_model_that_comes_back_at_the_last_moment_may_still_answer() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.speech_stops("u");
    call.disconnect();
    call.run_for(ms(29_500));
    call.connect();
    call.run_for(ms(2000));
    call.answer_ask("a", "I am back.", 500);
    call.run_for(ms(20_000));
    assert!(call.ended.is_none());
}

#[test]
fn a_noise_that_does_not_stop_is_answered_once_a_minute_and_does_not_freeze_the_call() {
    let mut call = SimCall::answered_with(Plan { idle: Some(ms(12_000)), idle_checks: 2, ..plan() });
    call.speech_starts("tv", 0);
    call.run_for(ms(59_000));
    assert!(!call.asked());
    call.run_for(ms(1100));
    let commands: Vec<_> = call.commands().collect();
    assert!(matches!(commands[..], [Command::Commit, Command::ResponseCreate { .. }]), "{commands:?}");
    call.committed("tv");
    // The noise goes on, and the server takes it for speech again.
    call.speech_starts("tv_2", 60_000);
    call.answer_ask("a", "I cannot hear you well.", 2000);
    call.run_for(ms(3000));
    assert_eq!(call.voice_ms(), 2000, "noise does not silence the model");
    for check in ["check_1", "check_2", "bye"] {
        call.run_for(ms(13_200));
        call.answer_ask(check, "Are you there?", 1000);
    }
    // The noise is still on: the server is asked for its last words and does not answer.
    call.run_for(ms(13_000));
    assert_eq!(call.ended.unwrap().reason, EndReason::Silence);
}

#[test]
fn after_the_noise_has_stopped_the_caller_can_cut_in_again() {
    let mut call = SimCall::answered();
    call.speech_starts("tv", 0);
    call.run_for(ms(60_100));
    call.speech_stops("tv");
    call.model_says("a", "A long story.", 5000);
    call.run_for(ms(1000));
    call.interrupts("u", 60_000);
    assert_eq!(call.session.queue().queued(), 0);
}
