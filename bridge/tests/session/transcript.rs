//! The record tells what was heard, in the order in which it was spoken.

use crate::common::*;
use bridge::realtime::command::Command;
use bridge::realtime::event::{ItemRef, ServerEvent, TextPiece};
use bridge::session::Record;

#[test]
fn a_late_transcription_stands_before_the_answer_it_caused() {
    let mut call = SimCall::answered();
    call.speech_starts("u1", 0);
    call.speech_stops("u1");
    call.model_says("a1", "How nice.", 500);
    call.run_for(ms(2000));
    call.transcribed("u1", "I went for a walk.");
    call.run_for(ms(1100));
    assert_eq!(call.texts(), ["Good morning.", "I went for a walk.", "How nice."]);
}

#[test]
fn a_failed_transcription_leaves_no_empty_turn() {
    let mut call = SimCall::answered();
    call.speech_starts("u1", 0);
    call.speech_stops("u1");
    let item_id = "u1".to_owned();
    call.model(ServerEvent::TranscriptionFailed(ItemRef { item_id, response_id: String::new() }));
    call.model_says("a1", "Pardon?", 500);
    call.run_for(ms(2000));
    assert_eq!(call.texts(), ["Good morning.", "Pardon?"]);
}

#[test]
fn text_grows_with_what_is_heard_and_is_final_when_all_was() {
    let mut call = SimCall::answered();
    call.run_for(ms(1500));
    call.forget();
    call.model_says("a1", "one two three four five six seven eight nine ten", 10_000);
    call.run_for(ms(12_000));
    let grown: Vec<(usize, bool)> = call
        .records
        .iter()
        .filter_map(|record| match record {
            Record::Turn(turn) if turn.item_id == "a1" => Some((turn.text.reveal().split(' ').count(), turn.complete)),
            _ => None,
        })
        .collect();
    assert!(grown.len() >= 8, "{grown:?}");
    assert!(grown.windows(2).all(|w| w[0].0 <= w[1].0), "{grown:?}");
    assert_eq!(grown.last(), Some(&(10, true)));
    assert!(grown.iter().rev().skip(1).all(|(_, complete)| !complete));
}

#[test]
fn what_the_caller_says_is_shown_while_it_is_written_down() {
    let mut call = SimCall::answered();
    call.speech_starts("u1", 0);
    call.speech_stops("u1");
    for delta in ["I feel", " dizzy"] {
        let piece = TextPiece { item_id: "u1".into(), response_id: String::new(), delta: delta.into() };
        call.model(ServerEvent::TranscriptionDelta(piece));
    }
    call.run_for(ms(1100));
    let turn = call.turns().pop().unwrap();
    assert_eq!((turn.text.reveal().as_str(), turn.complete), ("I feel dizzy", false));
    call.transcribed("u1", "I feel dizzy.");
    let turn = call.turns().pop().unwrap();
    assert_eq!((turn.text.reveal().as_str(), turn.complete), ("I feel dizzy.", true));
}

#[test]
fn a_turn_begins_when_it_was_spoken_not_when_it_was_noticed() {
    let mut call = SimCall::answered();
    call.run_for(ms(5000));
    // 5.6 s of sound were appended since the answer; the speech began 500 ms ago in it.
    let appended = 5600;
    call.speech_starts("u1", appended - 500);
    call.speech_stops("u1");
    call.transcribed("u1", "Yes.");
    let began = call.turns().pop().unwrap().started_at;
    assert!((ms(5080)..=ms(5120)).contains(&began), "{began:?}");
}

#[test]
fn two_turns_written_down_in_the_other_order_keep_their_own_words() {
    let mut call = SimCall::answered();
    for item in ["u1", "u2"] {
        call.speech_starts(item, 0);
        call.run_for(ms(500));
        call.speech_stops(item);
        call.run_for(ms(200));
    }
    call.transcribed("u2", "And I am tired.");
    call.transcribed("u1", "My knee hurts.");
    call.run_for(ms(1100));
    assert_eq!(call.texts()[1..], ["My knee hurts.", "And I am tired."]);
    call.forget_sent();
    call.disconnect();
    call.connect();
    assert!(!call.commands().any(|c| *c == Command::Commit), "what is written down is not given as sound again");
    assert_eq!(call.told("user"), ["My knee hurts.", "And I am tired."]);
}
