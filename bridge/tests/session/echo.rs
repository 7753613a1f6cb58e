//! Her own voice comes back from the caller's telephone, or it does not.

use bridge::audio::frame::{Codec, FRAME_BYTES};
use bridge::audio::g711;
use bridge::realtime::command::Command;
use bytes::Bytes;
use openai_sim::{script, speech};
use test_case::test_case;

use crate::common::*;

/// A telephone at an ear: nothing of what it plays comes back.
const SILENT: [u8; FRAME_BYTES] = [0xFF; FRAME_BYTES];

/// How long after the beginning of a voice the server speaks of it, in frames.
const NOTICED_AFTER: usize = 2;

/// A call in which Bianca says all she has to say in this language, about ten seconds.
fn story(language: &str) -> SimCall {
    let mut call = SimCall::answered();
    call.microphone = None;
    call.model_begins("story", "one two three four five six seven eight", 0);
    for line in speech::assistant(language) {
        call.delta_of("r_story", "story", Bytes::from_static(line.audio));
    }
    call
}

/// 20 ms in which the telephone sends this.
fn hears(call: &mut SimCall, frame: &[u8]) {
    call.sound(frame);
    call.run_for(ms(20));
}

/// The same for what came out of the loudspeaker 200 ms before, 14 dB quieter.
fn hears_herself(call: &mut SimCall) {
    let played = call.played.len().checked_sub(10).map(|at| call.played[at].1);
    let mut echo = played.unwrap_or(SILENT);
    g711::scale(Codec::Ulaw, &mut echo, 0.2);
    hears(call, &echo);
}

/// What a patient says, from its first sound on.
fn voice(language: &str) -> Vec<&'static [u8]> {
    let audio = speech::patient(language)[0].audio;
    let frames = audio.chunks_exact(FRAME_BYTES);
    frames.skip_while(|frame| g711::level_dbfs(Codec::Ulaw, frame) < -40.0).collect()
}

fn cuts(call: &SimCall) -> usize {
    call.commands().filter(|c| matches!(c, Command::Truncate { .. } | Command::ResponseCancel { .. })).count()
}

#[test]
fn whoever_speaks_on_a_telephone_without_echo_silences_her_with_the_next_frame() {
    for language in script::LANGUAGES {
        for after in [60, 75, 100, 150] {
            let mut call = story(language);
            for _ in 0..after {
                hears(&mut call, &SILENT);
            }
            let voice = voice(language);
            voice.iter().take(NOTICED_AFTER).for_each(|frame| hears(&mut call, frame));
            call.speech_starts("u", 0);
            let played = call.played.len();
            voice[NOTICED_AFTER..].iter().take(20).for_each(|frame| hears(&mut call, frame));
            let heard = call.played[played..].iter().filter(|(_, frame)| g711::level_dbfs(Codec::Ulaw, frame) > -50.0);
            assert_eq!(heard.count(), 0, "{language} {after}");
            assert_eq!((call.session.stats().barge_ins, call.session.stats().echoes), (1, 0), "{language} {after}");
        }
    }
}

/// As everybody does: they answer as soon as she has ended, while her last words could still come back, and cut into what
/// she says next.
#[test]
fn whoever_answered_her_at_once_is_still_let_in_with_the_next_frame() {
    let (mut calls, mut late) = (0, 0);
    for language in script::LANGUAGES {
        for (after, wait) in [(25, 2), (30, 5), (40, 12)] {
            let mut call = SimCall::answered();
            call.microphone = None;
            call.model_begins("first", "one two three", 0);
            call.delta_of("r_first", "first", Bytes::from_static(speech::assistant(language)[0].audio));
            call.end_response("r_first", "completed", vec![]);
            while call.session.queue().queued() > 0 {
                hears(&mut call, &SILENT);
            }
            (0..wait).for_each(|_| hears(&mut call, &SILENT));
            for frame in speech::patient(language)[1].audio.chunks_exact(FRAME_BYTES) {
                hears(&mut call, frame);
            }
            (0..25).for_each(|_| hears(&mut call, &SILENT));
            call.model_begins("second", "four five six", 0);
            call.delta_of("r_second", "second", Bytes::from_static(speech::assistant(language)[1].audio));
            (0..after).for_each(|_| hears(&mut call, &SILENT));
            let voice = voice(language);
            voice.iter().take(NOTICED_AFTER).for_each(|frame| hears(&mut call, frame));
            call.speech_starts("u", 0);
            calls += 1;
            late += usize::from(call.session.stats().echoes > 0);
        }
    }
    println!("{late} of {calls} were let in late");
    assert_eq!(late, 0);
}

#[test_case(2; "noticed after 40 ms")]
#[test_case(5; "noticed after 100 ms")]
#[test_case(10; "noticed after 200 ms")]
fn a_loudspeaker_that_is_switched_on_makes_her_pause_once_at_most_and_interrupts_nothing(noticed: usize) {
    let mut call = story("en");
    for _ in 0..100 {
        hears(&mut call, &SILENT);
    }
    let silent = |call: &SimCall, since: usize| {
        call.played[since..].iter().filter(|(_, f)| g711::level_dbfs(Codec::Ulaw, f) < -50.0).count()
    };
    let since = call.played.len();
    for n in 0..75 {
        hears_herself(&mut call);
        if n == noticed {
            call.speech_starts("echo", 0);
        }
    }
    println!("a loudspeaker is switched on: silent for {} ms", silent(&call, since) * 20);
    assert!(silent(&call, since) <= 25, "no longer than for a cough");
    call.speech_stops("echo");

    let since = call.played.len();
    call.speech_starts("again", 0);
    for _ in 0..20 {
        hears_herself(&mut call);
    }
    assert!(silent(&call, since) <= 2, "now an echo is expected");
    for _ in 0..call.session.queue().queued() / FRAME_BYTES as u64 {
        hears_herself(&mut call);
    }
    assert_eq!(call.session.queue().queued(), 0, "all of it was played");
    assert_eq!((call.session.stats().barge_ins, cuts(&call)), (0, 0));
}

#[test]
fn a_person_who_speaks_into_the_echo_takes_the_floor() {
    let mut call = story("en");
    for _ in 0..100 {
        hears_herself(&mut call);
    }
    call.speech_starts("echo", 0);
    assert_eq!(call.session.stats().echoes, 1);
    for frame in voice("en").iter().take(40) {
        hears(&mut call, frame);
    }
    assert_eq!((call.session.stats().barge_ins, cuts(&call)), (1, 2), "cancelled and cut");
}
