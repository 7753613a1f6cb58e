//! Who has picked up: a call that an answering machine takes, from its announcement to the message.

use crate::common::*;
use bridge::audio::frame::{Codec, FRAME_BYTES, FRAME_TIME};
use bridge::audio::g711;
use bridge::realtime::command::Command;
use bridge::session::{PhoneEvent, Plan};
use bridge::sounds::Sentence;
use domain::calls::{EndReason, Outcome};

/// The spoken answers that the detector is measured with.
fn spoken(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/audio/greetings/{name}.ulaw", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn beep() -> Vec<u8> {
    tone(1000, 3200)
}

fn tone(hertz: u32, samples: u32) -> Vec<u8> {
    let wave = |n: u32| (f64::from(n * hertz) * std::f64::consts::TAU / 8000.0).sin();
    #[expect(clippy::cast_possible_truncation, reason = "a quarter of full scale")]
    let sample = |n: u32| g711::encode(Codec::Ulaw, (wave(n) * 8000.0) as i16);
    (0..samples).map(sample).collect()
}

/// Whoever picked up sounds like this, frame by frame.
fn plays(call: &mut SimCall, sound: &[u8]) {
    call.microphone = None;
    for frame in sound.chunks_exact(FRAME_BYTES) {
        call.sound(frame);
        call.run_for(FRAME_TIME);
    }
    call.hear(0xFF);
}

/// Answered, the model ready; nobody knows yet by whom.
fn picked_up() -> SimCall {
    let mut call = SimCall::picked_up(Plan { detect_machine: true, ..plan() });
    call.answer_ask("greeting", "Good morning, this is Bianca. How are you today?", 9000);
    call
}

/// A machine has spoken its announcement.
fn announced() -> SimCall {
    let mut call = picked_up();
    plays(&mut call, &spoken("en-machine-0"));
    assert_eq!(call.session.queue().queued(), 0, "the greeting is not told to a machine");
    call
}

#[test]
fn a_machine_gets_the_message_after_its_beep_and_the_call_is_a_voicemail() {
    let mut call = announced();
    call.forget();
    call.run_for(ms(400));
    assert!(!call.asked(), "nothing is said before the beep");
    plays(&mut call, &beep());
    call.run_for(ms(1000));
    assert!(call.asked());
    call.answer_ask("message", "This is Bianca, I will call again.", 3000);
    call.run_for(ms(6000));
    assert_eq!(call.voice_ms(), 3000);
    let ending = call.ended.expect("the call is over");
    assert_eq!((ending.outcome, ending.reason), (Outcome::Voicemail, EndReason::Voicemail));
}

#[test]
fn a_fax_is_hung_up_on() {
    let mut call = picked_up();
    call.forget();
    // The tone of an answering fax (ITU-T T.30, CED).
    plays(&mut call, &tone(2100, 24_000));
    let ending = call.ended.expect("the call is over");
    assert_eq!((ending.outcome, ending.reason), (Outcome::Voicemail, EndReason::Voicemail));
    assert!(call.hung_up.is_some());
    assert!(!call.commands().any(|command| matches!(command, Command::ResponseCreate { .. })), "nothing is said to it");
}

#[test]
fn a_model_that_is_slow_at_the_beep_does_not_leave_an_empty_message() {
    let mut call = announced();
    call.forget();
    plays(&mut call, &beep());
    call.run_for(RECORDED + ms(5000));
    assert!(call.texts().contains(&words(Sentence::Voicemail).to_owned()), "{:?}", call.texts());
    assert_eq!(call.ended.map(|ending| ending.outcome), Some(Outcome::Voicemail));
}

#[test]
fn the_server_answers_the_announcement_and_nobody_hears_it() {
    let mut call = announced();
    call.forget();
    call.begin_response("r_auto");
    let cancelled = |command: &Command| matches!(command, Command::ResponseCancel { .. });
    assert!(call.commands().any(cancelled));
    call.delta("r_auto", "auto", 1000);
    call.end_response("r_auto", "cancelled", vec![]);
    call.run_for(ms(500));
    assert_eq!(call.voice_ms(), 0);
    plays(&mut call, &beep());
    call.run_for(ms(1000));
    call.answer_ask("message", "This is Bianca.", 1000);
    call.run_for(ms(4000));
    assert_eq!(call.voice_ms(), 1000, "the message is not lost to it");
}

#[test]
fn a_machine_without_a_beep_does_not_hold_the_line_for_ever() {
    let mut call = announced();
    call.run_for(ms(70_000));
    assert_eq!(call.ended.map(|ending| ending.outcome), Some(Outcome::Voicemail));
}

#[test]
fn words_of_an_announcement_raise_no_alarm() {
    let mut call = picked_up();
    call.speech_starts("u", 0);
    plays(&mut call, &spoken("en-machine-0"));
    call.speech_stops("u");
    call.transcribed("u", "Nobody is at home. If this is an emergency, please hang up and call 911.");
    assert!(call.works().is_empty(), "{:?}", call.works());
}

#[test]
fn a_person_taken_for_a_machine_who_cries_for_help_is_heard() {
    let mut call = announced();
    call.forget();
    call.speech_starts("u", 0);
    call.speech_stops("u");
    call.transcribed("u", "Please help me, I have fallen and I can't get up!");
    assert_eq!(call.works().len(), 1);
    call.done(bridge::session::Done::Alerted { informed: 1 });
    call.answer_ask("a", "Somebody knows. Where are you?", 2000);
    call.run_for(ms(60_000));
    assert!(call.ended.is_none(), "and the call goes on");
}

#[test]
fn a_person_taken_for_a_machine_who_only_cries_for_help_is_heard_the_second_time() {
    let mut call = announced();
    call.forget();
    for (item, alerts) in [("u", 0), ("v", 1)] {
        call.speech_starts(item, 0);
        call.speech_stops(item);
        call.transcribed(item, "Help, help me please, please somebody send an ambulance, quick, help me");
        assert_eq!(call.works().len(), alerts, "an announcement says whom to call once");
    }
}

#[test]
fn the_help_key_is_pressed_by_a_person() {
    let mut call = announced();
    call.forget();
    call.phone(PhoneEvent::Dtmf('0'));
    assert_eq!(call.works().len(), 1);
    call.answer_ask("a", "I am here.", 500);
    call.run_for(RECORDED);
    assert!(call.texts().contains(&words(Sentence::HelpNoted).to_owned()));
    call.run_for(ms(60_000));
    assert!(call.ended.is_none());
}

#[test]
fn a_person_is_greeted_without_waiting() {
    let mut call = picked_up();
    plays(&mut call, &spoken("en-human-0"));
    call.run_for(ms(9000));
    assert_eq!(call.voice_ms(), 9000);
    assert!(call.ended.is_none());
}

#[test]
fn what_a_person_cries_before_it_is_known_who_they_are_is_not_lost() {
    let mut call = picked_up();
    call.speech_starts("u", 0);
    plays(&mut call, &spoken("en-human-0"));
    call.speech_stops("u");
    call.transcribed("u", "Help me, I can't breathe!");
    call.run_for(ms(4000));
    assert_eq!(call.works().len(), 1);
}

#[test]
fn a_phone_that_is_put_down_before_anything_is_known_has_spoken_for_a_person() {
    let mut call = picked_up();
    call.speech_starts("u", 0);
    call.run_for(ms(400));
    call.speech_stops("u");
    call.transcribed("u", "Help me, I can't breathe!");
    call.phone(PhoneEvent::HungUp(bridge::session::Cause::Normal));
    assert_eq!(call.works().len(), 1);
}

#[test]
fn what_a_person_cries_before_they_are_taken_for_a_machine_is_not_lost() {
    let mut call = picked_up();
    call.speech_starts("u", 0);
    call.speech_stops("u");
    call.transcribed("u", "I have fallen and I can't get up!");
    assert!(call.works().is_empty(), "an announcement may say so too");
    // A television goes on and on, as announcements do.
    plays(&mut call, &spoken("en-machine-0"));
    assert_eq!(call.works().len(), 1);
    call.run_for(ms(60_000));
    assert!(call.ended.is_none(), "and the call goes on");
}

#[test]
fn a_cry_for_help_before_and_one_after_the_verdict_are_two() {
    let mut call = picked_up();
    for (item, alerts) in [("u", 0), ("v", 1)] {
        call.speech_starts(item, 0);
        call.speech_stops(item);
        call.transcribed(item, "Help, help me please, please somebody send an ambulance, quick, help me");
        assert_eq!(call.works().len(), alerts);
        plays(&mut call, &spoken("en-machine-0"));
    }
}
