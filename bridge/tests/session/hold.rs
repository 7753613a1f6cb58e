//! Bianca falls silent for any sound of the caller, but only speech takes the floor from her.

use crate::common::*;
use bridge::realtime::command::Command;
use bridge::realtime::event::{ErrorBody, ErrorInfo, ServerEvent};
use bridge::session::Input;
use bytes::Bytes;
use test_case::test_case;

/// A call in which Bianca is one second into a story of `millis`.
fn story(millis: u64) -> SimCall {
    let mut call = SimCall::answered();
    call.model_says("story", "one two three four five six seven eight", millis);
    call.run_for(ms(1000));
    call.forget();
    call
}

/// A sound of this length; the server speaks of it `noticed` after it began.
fn sound(call: &mut SimCall, length: u64, noticed: u64) {
    call.hear(LOUD);
    let first = length.min(noticed);
    call.run_for(ms(first));
    if noticed > length {
        call.hear(0xFF);
        call.run_for(ms(noticed - length));
    }
    call.speech_starts("noise", 0);
    if noticed <= length {
        call.run_for(ms(length - noticed));
        call.hear(0xFF);
    }
}

fn cuts(call: &SimCall) -> usize {
    call.commands()
        .filter(|c| matches!(c, Command::Truncate { .. } | Command::Delete { .. } | Command::ResponseCancel { .. }))
        .count()
}

#[test_case(120, 60; "a door")]
#[test_case(200, 100; "a cough")]
#[test_case(260, 180; "mm-hm")]
#[test_case(200, 300; "noticed after it was over")]
fn a_short_sound_only_pauses_her_and_not_a_sample_is_lost(length: u64, noticed: u64) {
    let mut call = story(3000);
    let queued = call.session.queue().queued();
    sound(&mut call, length, noticed);
    call.run_for(ms(6000));
    assert_eq!(call.voice_ms(), queued / 8, "all that was left is played");
    assert_eq!(cuts(&call), 0);
    assert_eq!((call.session.stats().resumed, call.session.stats().barge_ins), (1, 0));
    // One pause, no longer than half a second.
    let silent: Vec<usize> =
        call.played.iter().enumerate().filter(|(_, (_, f))| f[0] != VOICE).map(|(n, _)| n).collect();
    let pause = silent.windows(2).take_while(|pair| pair[1] == pair[0] + 1).count() + 1;
    assert!(pause <= 25, "{pause} frames");
    call.assert_paced();
}

#[test]
fn she_is_silent_from_the_next_frame_on() {
    let mut call = story(3000);
    call.hear(LOUD);
    call.run_for(ms(100));
    call.speech_starts("u", 0);
    call.played.clear();
    call.run_for(ms(200));
    assert_eq!((call.played.len(), call.voice_ms()), (10, 0));
}

#[test]
fn speech_of_300_ms_takes_the_floor_within_400_ms() {
    let mut call = story(3000);
    call.hear(LOUD);
    call.run_for(ms(100));
    call.speech_starts("u", 0);
    call.run_for(ms(300));
    assert_eq!(call.session.stats().barge_ins, 1);
    assert_eq!(cuts(&call), 1, "her answer was complete: it is only cut");
    call.run_for(ms(2000));
    assert_eq!(call.voice_ms(), 5 * 20);
}

#[test]
fn a_voice_too_low_for_our_own_ears_is_believed_after_300_ms() {
    let mut call = story(3000);
    call.speech_starts("u", 0);
    call.run_for(ms(290));
    assert_eq!(cuts(&call), 0);
    call.run_for(ms(40));
    assert_eq!(cuts(&call), 1);
}

#[test]
fn a_word_a_pause_and_more_words_are_an_interruption_all_the_same() {
    let mut call = story(6000);
    sound(&mut call, 200, 100);
    call.run_for(ms(400));
    assert_eq!(call.session.stats().resumed, 1);
    call.hear(LOUD);
    call.run_for(ms(400));
    assert_eq!((call.session.stats().barge_ins, cuts(&call)), (1, 1));
}

#[test]
fn the_server_is_not_left_to_answer_a_cough() {
    let mut call = story(4000);
    sound(&mut call, 200, 100);
    call.run_for(ms(900));
    call.speech_stops("noise");
    call.model_begins("auto", "Pardon?", 500);
    call.end_response("r_auto", "cancelled", vec![]);
    call.transcribed("noise", "");
    call.run_for(ms(9000));
    assert!(call.commands().any(|c| *c == Command::ResponseCancel { response_id: Some("r_auto".into()) }));
    assert!(!call.asked(), "and nothing else is owed");
    assert_eq!(call.texts().last().map(String::as_str), Some("one two three four five six seven eight"));
}

#[test]
fn a_refusal_to_answer_a_cough_leaves_nothing_owed() {
    let mut call = SimCall::answered();
    call.model_begins("story", "one two three", 4000);
    call.run_for(ms(1000));
    call.forget();
    sound(&mut call, 200, 100);
    call.run_for(ms(900));
    call.speech_stops("noise");
    let code = Some("conversation_already_has_active_response".to_owned());
    call.model(ServerEvent::Error(ErrorInfo { error: ErrorBody { code, ..ErrorBody::default() } }));
    call.end_response("r_story", "completed", vec![]);
    call.run_for(ms(3000));
    assert!(!call.asked());
}

#[test_case("Mm-hm.", false)]
#[test_case("Help!", true)]
fn a_short_word_that_means_something_is_answered_after_all(text: &str, answered: bool) {
    let mut call = story(3000);
    sound(&mut call, 240, 100);
    call.run_for(ms(900));
    call.speech_stops("noise");
    call.transcribed("noise", text);
    assert_eq!(call.asked(), answered);
    assert!(call.texts().contains(&text.to_owned()), "either way it is written down");
}

#[test]
fn a_committed_turn_counts_whatever_was_measured() {
    let mut call = story(3000);
    call.hear(LOUD);
    call.run_for(ms(60));
    call.speech_starts("u", 0);
    call.run_for(ms(40));
    call.committed("u");
    assert_eq!(cuts(&call), 1);
}

#[test]
fn a_line_without_sound_leaves_the_word_to_the_server() {
    let mut call = story(3000);
    call.hear(LOUD);
    call.run_for(ms(200));
    call.speech_starts("u", 0);
    call.microphone = None;
    for _ in 0..40 {
        call.input(Input::Filled(Bytes::from_static(&[0xFF; 160])));
        call.run_for(ms(20));
    }
    assert_eq!(call.session.stats().resumed, 1);
    assert!(call.voice_ms() > 0, "she does not fall silent for good");
}
