//! The watch for emergencies inside a call.

use crate::common::*;
use bridge::realtime::event::{ItemRef, ServerEvent, TextPiece};
use bridge::session::{Control, Done, Input, PhoneEvent, Plan, Work};
use domain::alerts::AlertKind;
use domain::calls::EndReason;
use domain::emergencies::Severity;
use domain::phrases::{Category, Listened};
use domain::{Id, Language, PhraseId};
use test_case::test_case;

fn piece(call: &mut SimCall, item: &str, delta: &str) {
    let piece = TextPiece { item_id: item.into(), response_id: String::new(), delta: delta.into() };
    call.model(ServerEvent::TranscriptionDelta(piece));
}

/// Something that is not written down yet.
fn speaks(call: &mut SimCall, item: &str) {
    call.speech_starts(item, 0);
    call.run_for(ms(1000));
    call.speech_stops(item);
}

fn says(call: &mut SimCall, item: &str, text: &str) {
    speaks(call, item);
    call.transcribed(item, text);
}

/// The server begins an answer by itself; nothing of it sounds yet.
fn begins_to_answer(call: &mut SimCall) {
    call.begin_response("r_auto");
    call.begin_item("r_auto", "auto");
}

fn severities(call: &SimCall) -> Vec<Severity> {
    let found = call.works().into_iter().filter_map(|work| match work {
        Work::Alert { kind: AlertKind::Emergency, severity, .. } => Some(*severity),
        _ => None,
    });
    found.collect()
}

#[test]
fn the_alert_is_asked_for_in_the_same_instant_and_the_model_told_only_what_came_of_it() {
    let mut call = SimCall::answered();
    says(&mut call, "u", "I can't breathe");
    assert_eq!(severities(&call), [Severity::Critical]);
    assert_eq!(call.tasks[0].0, call.now - call.start);
    assert_eq!(call.remarks().len(), 0, "nothing is said before it is true");
    call.done(Done::Alerted { informed: 1 });
    assert_eq!(call.remarks().len(), 1);
}

#[test_case("")]
#[test_case(".")]
#[test_case(" … ")]
fn a_cough_without_words_is_no_emergency(text: &str) {
    for language in Language::ALL {
        let mut call = SimCall::answered_with(Plan { language, ..plan() });
        says(&mut call, "u", text);
        let item = ItemRef { item_id: "v".into(), response_id: String::new() };
        call.speech_starts("v", 0);
        call.speech_stops("v");
        call.model(ServerEvent::TranscriptionFailed(item));
        assert!(call.works().is_empty(), "{language}: {:?}", call.works());
    }
}

#[test]
fn what_a_process_stored_and_did_not_live_to_judge_is_judged_by_the_next() {
    let mut before = SimCall::answered();
    says(&mut before, "a", "Good morning, dear");
    says(&mut before, "b", "Help me, I can't breathe");
    let turns = before.turns();
    assert!(turns.iter().any(|turn| turn.text.reveal().contains("breathe")), "{turns:?}");
    let resumed = bridge::session::Resumed { turns, talked: ms(60_000), informed: None };
    let mut call = SimCall::dialing(Plan { resumed: Some(resumed), ..plan() });
    call.phone(PhoneEvent::Answered);
    let works = call.works();
    let keys = works.iter().filter_map(|work| match work {
        Work::Alert { key, .. } => Some(key.as_str()),
        _ => None,
    });
    let keys: Vec<_> = keys.collect();
    assert_eq!(keys, ["emergency_b_1"], "the key that the process before would have taken");
}

#[test]
fn that_nobody_was_reached_is_said_as_soon_as_she_has_finished_her_sentence() {
    for (done, asks) in [(Done::Failed("unavailable".into()), true), (Done::Alerted { informed: 2 }, false)] {
        let mut call = SimCall::answered();
        says(&mut call, "u", "I can't breathe");
        // The server has begun an answer by itself meanwhile.
        begins_to_answer(&mut call);
        call.delta("r_auto", "auto", 1000);
        call.done(done);
        call.forget_sent();
        assert!(!call.asked());
        call.end_response("r_auto", "completed", vec![]);
        call.run_for(ms(200));
        assert_eq!(call.asked(), asks);
    }
}

#[test_case(Some(200); "written after 200 ms")]
#[test_case(None; "never written")]
fn an_answer_that_the_server_began_is_not_heard_before_the_alert_is_written(written: Option<u64>) {
    let mut call = SimCall::answered();
    speaks(&mut call, "u");
    begins_to_answer(&mut call);
    call.transcribed("u", "I can't breathe");
    call.delta("r_auto", "auto", 1000);
    call.played.clear();
    let waits = written.unwrap_or(980);
    call.run_for(ms(waits));
    assert_eq!(call.voice_ms(), 0, "the alert is not written yet");
    if written.is_some() {
        call.done(Done::Alerted { informed: 1 });
    }
    call.run_for(ms(1500));
    assert_eq!(call.voice_ms(), 1000, "all of it, and not a second later than it must be");
}

#[test]
fn of_two_alerts_both_are_written_before_she_speaks() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.committed("u");
    piece(&mut call, "u", "Help me");
    piece(&mut call, "u", " I can't breathe");
    let tasks: Vec<_> = call.tasks.iter().map(|(_, task)| task.id).collect();
    assert_eq!(tasks.len(), 2);
    call.speech_stops("u");
    call.model_says("auto", "I am getting help", 1000);
    call.played.clear();
    for (task, heard) in tasks.into_iter().zip([0, 200]) {
        call.input(Input::Done { task, done: Done::Alerted { informed: 1 } });
        call.run_for(ms(200));
        assert_eq!(call.voice_ms(), heard);
    }
}

#[test]
fn what_she_is_saying_already_is_not_stopped_by_an_alert() {
    let mut call = SimCall::answered();
    speaks(&mut call, "u");
    begins_to_answer(&mut call);
    call.delta("r_auto", "auto", 1000);
    call.run_for(ms(200));
    call.transcribed("u", "I can't breathe");
    call.played.clear();
    call.run_for(ms(400));
    assert_eq!(call.voice_ms(), 400);
}

#[test]
fn what_no_rule_explains_is_told_though_something_was_told_before() {
    let mut call = SimCall::answered_with(Plan { language: Language::De, ..plan() });
    says(&mut call, "a", "Ich kriege keine Luft");
    call.done(Done::Alerted { informed: 1 });
    says(&mut call, "b", "er schlägt gerade mit dem Stock auf die Tür ein und brüllt, dass er mich totmacht");
    assert_eq!(severities(&call).len(), 2);
}

#[test]
fn an_alert_that_could_not_be_raised_is_raised_again_with_the_rest_of_the_sentence() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.committed("u");
    piece(&mut call, "u", "I've got terrible crushing pain in my chest");
    assert_eq!(severities(&call).len(), 1);
    call.done(Done::Failed("unavailable".into()));
    call.transcribed("u", "I've got terrible crushing pain in my chest and my arm hurts");
    assert_eq!(severities(&call).len(), 2);
}

#[test_case(Done::Alerted { informed: 2 }, "has been sent to the people"; "somebody was told")]
#[test_case(Done::Alerted { informed: 0 }, "nobody has been reached yet"; "nobody was reached")]
#[test_case(Done::Failed("unavailable".into()), "could not be raised"; "it is not stored")]
fn the_model_is_told_of_an_alert_what_is_true(done: Done, true_of_it: &str) {
    for key in [false, true] {
        let mut call = SimCall::answered();
        if key {
            call.phone(PhoneEvent::Dtmf('0'));
        } else {
            says(&mut call, "u", "I can't breathe");
        }
        call.done(done.clone());
        let remark = call.remarks().pop().unwrap();
        assert!(remark.contains(true_of_it), "{remark}");
        assert!(true_of_it.starts_with("has been") || !remark.contains("has been sent"), "{remark}");
    }
}

#[test]
fn a_plea_counts_when_the_greeting_is_never_acknowledged() {
    let mut call = SimCall::picked_up(plan());
    call.hear(0xFF);
    assert!(call.asked(), "the greeting; no answer will come");
    call.run_for(ms(500));
    says(&mut call, "u", "Help me, I have fallen");
    assert_eq!(severities(&call).len(), 1);
    assert!(call.texts().contains(&"Help me, I have fallen".to_owned()), "{:?}", call.texts());
}

#[test]
fn part_of_a_sentence_is_enough() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.committed("u");
    piece(&mut call, "u", "I can't");
    assert!(severities(&call).is_empty());
    piece(&mut call, "u", " breathe");
    assert_eq!(severities(&call), [Severity::Critical]);
    piece(&mut call, "u", " any more");
    call.transcribed("u", "I can't breathe any more");
    assert_eq!(severities(&call).len(), 1, "once for one sentence");
}

#[test]
fn what_gets_worse_is_told_again_and_another_sentence_is_another_alert() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.committed("u");
    piece(&mut call, "u", "Help me");
    piece(&mut call, "u", " I can't breathe");
    assert_eq!(severities(&call), [Severity::Medium, Severity::Critical]);
    says(&mut call, "u2", "I have fallen");
    assert_eq!(severities(&call).len(), 3);
    let keys: std::collections::HashSet<_> = call
        .works()
        .into_iter()
        .filter_map(|work| if let Work::Alert { key, .. } = work { Some(key.clone()) } else { None })
        .collect();
    assert_eq!(keys.len(), 3);
}

#[test_case(Language::En, "Help!")]
#[test_case(Language::De, "Ich kriege keine Luft")]
#[test_case(Language::Zh, "救命")]
#[test_case(Language::Es, "No puedo respirar")]
fn short_cries_count_in_the_patients_language(language: Language, text: &str) {
    let mut call = SimCall::answered_with(Plan { language, ..plan() });
    says(&mut call, "u", text);
    assert_eq!(severities(&call).len(), 1);
}

#[test]
fn words_spoken_over_the_greeting_count() {
    let mut call = SimCall::dialing(plan());
    call.phone(bridge::session::PhoneEvent::Ringing);
    call.connect();
    call.phone(bridge::session::PhoneEvent::Answered);
    call.phone(bridge::session::PhoneEvent::MediaUp);
    call.hear(0xFF);
    call.answer_ask("greeting", "Good morning, this is Bianca.", 3000);
    call.run_for(ms(300));
    says(&mut call, "u", "Help me, I have fallen");
    assert_eq!(severities(&call).len(), 1);
}

#[test]
fn last_words_count_after_the_phone_is_hung_up() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.run_for(ms(900));
    call.input(Input::Command(Control::End { reason: EndReason::EndedByCaregiver }));
    call.committed("u");
    call.transcribed("u", "I can't breathe");
    assert_eq!(severities(&call), [Severity::Critical]);
    assert!(call.ended.is_some());
}

#[test]
fn an_alert_that_fails_is_not_claimed_and_bianca_says_so() {
    let mut call = SimCall::answered();
    says(&mut call, "u", "I can't breathe");
    call.model_says("a", "I hear you.", 300);
    call.run_for(ms(500));
    call.forget_sent();
    call.done(Done::Failed("unavailable".into()));
    assert_eq!(call.remarks().len(), 1);
    assert!(call.asked(), "nobody speaks: she tells it at once");
}

#[test]
fn ordinary_talk_raises_nothing() {
    let mut call = SimCall::answered();
    for (n, text) in ["I slept well.", "My daughter came by.", "We watched a film about a fire."].iter().enumerate() {
        says(&mut call, &format!("u{n}"), text);
    }
    assert!(call.works().is_empty());
}

#[test]
fn somebody_who_falls_silent_after_talking_is_looked_after() {
    let idle = Plan { idle: Some(ms(10_000)), idle_checks: 1, ..plan() };
    let mut call = SimCall::answered_with(idle);
    says(&mut call, "u", "I am a bit tired.");
    call.model_says("a", "I see.", 500);
    call.run_for(ms(11_000));
    call.answer_ask("check", "Are you there?", 500);
    call.run_for(ms(11_000));
    assert_eq!(severities(&call), [Severity::High]);
    call.answer_ask("bye", "I will call again.", 500);
    call.run_for(ms(2000));
    assert_eq!(call.ended.map(|ending| ending.reason), Some(EndReason::Silence));
}

#[test]
fn half_a_sentence_that_the_rest_may_take_back_is_waited_for() {
    let mut call = SimCall::answered();
    call.speech_starts("u", 0);
    call.committed("u");
    piece(&mut call, "u", "I had a heart attack");
    piece(&mut call, "u", " in nineteen ninety eight");
    call.transcribed("u", "I had a heart attack in nineteen ninety eight, they put in a stent.");
    assert!(severities(&call).is_empty());
}

#[test]
fn words_that_were_never_written_down_to_their_end_count_as_they_are() {
    for lost in [false, true] {
        let mut call = SimCall::answered();
        call.speech_starts("u", 0);
        call.committed("u");
        piece(&mut call, "u", "I fell");
        let before = severities(&call).len();
        if lost {
            call.disconnect();
        } else {
            let item = ItemRef { item_id: "u".into(), response_id: String::new() };
            call.model(ServerEvent::TranscriptionFailed(item));
        }
        assert_eq!((before, severities(&call).len()), (0, 1), "lost: {lost}");
    }
}

#[test]
fn what_is_only_repeated_is_not_told_again_once_somebody_was_told() {
    let mut call = SimCall::answered();
    says(&mut call, "u1", "I can't breathe");
    says(&mut call, "u2", "I can't breathe");
    assert_eq!(severities(&call).len(), 2, "nobody was told yet");
    call.done(Done::Alerted { informed: 1 });
    says(&mut call, "u3", "I can't breathe");
    assert_eq!(severities(&call).len(), 2);
    says(&mut call, "u4", "There is smoke in the kitchen, it's on fire");
    assert_eq!(severities(&call).len(), 3, "another danger");
}

#[test]
fn what_gets_worse_is_told_though_it_is_of_the_same_kind() {
    let mut call = SimCall::answered();
    says(&mut call, "u1", "I am short of breath");
    call.done(Done::Alerted { informed: 1 });
    says(&mut call, "u2", "I can't breathe any more");
    assert_eq!(severities(&call), [Severity::High, Severity::Critical]);
}

#[test]
fn what_happens_to_somebody_else_as_well_is_another_emergency() {
    let mut call = SimCall::answered();
    for (item, words, alerts) in [
        ("u1", "I have fallen and I can't get up", 1),
        ("u2", "My husband has fallen and can't get up", 2),
        ("u3", "I have fallen and I can't get up", 2),
        ("u4", "My husband has fallen and can't get up", 2),
    ] {
        says(&mut call, item, words);
        assert_eq!(severities(&call).len(), alerts, "{words}");
        if item < "u3" {
            call.done(Done::Alerted { informed: 1 });
        }
    }
}

#[test]
fn an_alert_of_which_nobody_heard_keeps_nothing_back() {
    for done in [Done::Alerted { informed: 0 }, Done::Failed("unavailable".into())] {
        let mut call = SimCall::answered();
        says(&mut call, "u1", "I can't breathe");
        call.done(done);
        says(&mut call, "u2", "I can't breathe");
        assert_eq!(severities(&call).len(), 2);
    }
}

#[test]
fn phrases_of_the_organisation_count_and_say_which() {
    let phrase = PhraseId(Id::from_bytes([7; 12]));
    let listened = Listened {
        id: phrase,
        severity: Severity::Critical,
        category: Category::Medical,
        pattern: "purple elephant".to_owned(),
    };
    let mut call = SimCall::answered_with(Plan { phrases: vec![listened], ..plan() });
    says(&mut call, "u", "The purple elephant is here");
    let works = call.works();
    let [Work::Alert { severity, cues, phrases, .. }] = works[..] else { panic!("{works:?}") };
    assert_eq!(
        (*severity, cues.as_slice(), phrases.as_slice()),
        (Severity::Critical, &["phrase.medical".to_owned()][..], &[phrase][..])
    );
}
