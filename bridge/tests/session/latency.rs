//! How long an answer takes, stage by stage.

use crate::common::*;
use bridge::realtime::event::{ServerEvent, SpeechStopped};
use bridge::session::{Latency, Record};

fn latencies(call: &SimCall) -> Vec<Latency> {
    let answered = call.records.iter().filter_map(|record| match record {
        Record::Answered(latency) => Some(*latency),
        _ => None,
    });
    answered.collect()
}

#[test]
fn injected_delays_are_reported_to_the_millisecond_and_add_up() {
    let mut call = SimCall::answered();
    let heard_before = call.session_ms();
    call.hear(LOUD);
    call.speech_starts("u", heard_before);
    call.run_for(ms(2000));
    call.hear(0xFF);
    call.run_for(ms(700));
    // The word that the turn is over takes 31 ms to arrive.
    let end = heard_before + 2700;
    call.run_for(ms(31));
    call.model(ServerEvent::SpeechStopped(SpeechStopped { item_id: "u".into(), audio_end_ms: end }));
    call.committed("u");
    call.run_for(ms(120));
    call.begin_response("r_a");
    call.begin_item("r_a", "a");
    call.run_for(ms(333));
    call.delta("r_a", "a", 500);
    call.run_for(ms(40));
    let [latency] = latencies(&call)[..] else { panic!("one answer") };
    assert!(latency.endpointing.abs_diff(731) <= 20, "{latency:?}");
    assert_eq!((latency.thinking, latency.first_sound), (120, 333));
    assert!(latency.queueing <= 20, "at most the wait for the next frame: {latency:?}");
    assert_eq!(
        latency.total(),
        latency.endpointing + latency.thinking + latency.first_sound + latency.queueing + latency.leading_silence
    );
}

#[test]
fn every_turn_of_a_long_talk_has_its_stages_and_an_interrupted_one_has_none() {
    let mut call = SimCall::answered();
    for turn in 0..50 {
        let (user, item) = (format!("u{turn}"), format!("a{turn}"));
        call.speech_starts(&user, call.session_ms());
        call.run_for(ms(1000));
        call.speech_stops(&user);
        call.transcribed(&user, "Something.");
        call.run_for(ms(400));
        call.model_says(&item, "An answer.", 1000);
        call.run_for(ms(1500));
    }
    assert_eq!(latencies(&call).len(), 50);
    call.speech_starts("u", call.session_ms());
    call.speech_stops("u");
    call.speech_starts("v", call.session_ms());
    call.model_says("late", "Too late.", 500);
    call.run_for(ms(1000));
    assert_eq!(latencies(&call).len(), 50);
}
