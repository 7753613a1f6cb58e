//! Nothing a server or a driver does wrong ends or freezes a call.

use crate::common::*;
use bridge::realtime::event::ServerEvent;
use bridge::session::{Input, LinkEvent, PhoneEvent};
use proptest::prelude::*;

#[test]
fn unknown_and_malformed_events_are_counted_and_ignored() {
    let mut call = SimCall::answered();
    call.model(ServerEvent::parse(r#"{"type":"response.hologram.delta","x":1}"#).unwrap());
    call.model(ServerEvent::parse(r#"{"type":"rate_limits.updated","rate_limits":[]}"#).unwrap());
    call.input(Input::Link(LinkEvent::Malformed));
    assert_eq!(call.session.stats().unknown_events, 1);
    assert_eq!(call.session.stats().malformed_events, 1);
    call.model_says("a", "Still here.", 500);
    call.run_for(ms(700));
    assert_eq!(call.voice_ms(), 500);
}

#[test]
fn an_hour_of_call_takes_moments() {
    let mut long = plan();
    long.max_call = ms(4_000_000);
    let mut call = SimCall::answered_with(long);
    let mut turns = 0;
    while call.now - call.start < ms(3_600_000) {
        call.forget();
        let (user, item) = (format!("u{turns}"), format!("a{turns}"));
        call.speech_starts(&user, 0);
        call.run_for(ms(3000));
        call.speech_stops(&user);
        call.transcribed(&user, "Something was said here.");
        call.model_says(&item, "And this is the answer to it.", 6000);
        call.run_for(ms(7000));
        assert_eq!(call.voice_ms(), 6000);
        turns += 1;
    }
    assert_eq!(call.session.stats().reanchored, 0);
    assert!(call.ended.is_none());
}

fn event() -> impl Strategy<Value = String> {
    let id = || prop::sample::select(vec!["a", "b", "c", ""]);
    let kind = prop::sample::select(vec![
        "session.created",
        "session.updated",
        "error",
        "conversation.item.added",
        "conversation.item.done",
        "input_audio_buffer.committed",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "response.created",
        "response.done",
        "response.output_item.added",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.delta",
        "response.output_audio_transcript.done",
        "conversation.item.input_audio_transcription.completed",
        "conversation.item.input_audio_transcription.failed",
    ]);
    let status = prop::sample::select(vec!["completed", "cancelled", "failed", "incomplete", "?"]);
    (kind, id(), id(), id(), status, 0..100_000u64).prop_map(|(kind, r, i, p, status, n)| {
        serde_json::json!({
            "type": kind, "response_id": r, "item_id": i, "previous_item_id": p,
            "audio_start_ms": n, "audio_end_ms": n, "delta": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "transcript": "some words", "session": {}, "error": {"type": "x", "code": "invalid_value"},
            "item": {"id": i, "type": "message", "role": "assistant"},
            "response": {"id": r, "status": status, "output": [
                {"id": i, "type": "function_call", "call_id": p, "name": "lookup", "arguments": "{}"}]},
        })
        .to_string()
    })
}

proptest! {
    #[test]
    fn no_order_of_events_breaks_the_call(
        steps in prop::collection::vec((event(), 0..900u64, 0..40u8), 0..80),
    ) {
        let mut call = SimCall::answered();
        for (text, wait, what) in steps {
            match what {
                0 => call.disconnect(),
                1 => call.connect(),
                2 => call.phone(PhoneEvent::Answered),
                3 => call.phone(PhoneEvent::Ringing),
                _ => call.model(ServerEvent::parse(&text).unwrap()),
            }
            call.run_for(ms(wait));
            let queue = call.session.queue();
            prop_assert_eq!(queue.pushed(), queue.played() + queue.flushed() + queue.queued());
        }
        call.assert_paced();
    }
}
