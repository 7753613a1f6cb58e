//! A whole scripted care call.

use openai_sim::{FunctionCall, SimConfig, speech};
use serde_json::json;

use crate::client::{Client, is_delta, quick, start};

#[tokio::test]
async fn a_care_call_from_greeting_to_goodbye() {
    let sim = start(quick());
    let mut client = Client::phone(&sim, "en").await;
    let (assistant, patient) = (speech::assistant("en"), speech::patient("en"));

    client.send(json!({ "type": "response.create", "response": { "instructions": "Greet." } })).await;
    let mut done = client.until("response.done").await;
    for (turn, line) in patient.iter().enumerate() {
        assert_eq!(done["response"]["status"], "completed");
        assert_eq!(done["response"]["output"][0]["content"][0]["transcript"], assistant[turn].text);
        assert_eq!(client.audio_of(&done["response"]["id"]), assistant[turn].audio, "mu-law passes untouched");
        client.say(line.audio, 600).await;
        let transcript = client.until("conversation.item.input_audio_transcription.completed").await;
        assert_eq!(transcript["transcript"], line.text);
        assert!(transcript["usage"]["total_tokens"].as_u64() > Some(0));
        done = match client.of_kind("response.done").len() {
            heard if heard == turn + 2 => client.of_kind("response.done")[heard - 1].clone(),
            _ => client.until("response.done").await,
        };
    }

    let output = &done["response"]["output"];
    assert_eq!(output[0]["content"][0]["transcript"], assistant[3].text);
    assert_eq!((&output[1]["name"], &output[1]["arguments"]), (&json!("end_call"), &json!(r#"{"reason":"goodbye"}"#)));
    assert!(done["response"]["usage"]["input_token_details"]["audio_tokens"].as_u64() > Some(0));

    let call_id = &output[1]["call_id"];
    let result = json!({ "type": "function_call_output", "call_id": call_id, "output": "{\"ok\":true}" });
    client.send(json!({ "type": "conversation.item.create", "item": result })).await;
    assert_eq!(client.until("conversation.item.done").await["item"]["call_id"], *call_id);
    client.send(json!({ "type": "response.create" })).await;
    let after = client.until("response.done").await;
    assert_eq!(after["response"]["output"][0]["content"][0]["transcript"], speech::after("en").text);
    assert_eq!(after["response"]["output"].as_array().map(Vec::len), Some(1), "the call is ended once");
}

#[tokio::test]
async fn the_events_of_a_turn_come_in_the_documented_order() {
    let sim = start(quick());
    let mut client = Client::phone(&sim, "en").await;
    client.seen.clear();
    client.say(speech::patient("en")[0].audio, 600).await;
    client.until("response.done").await;

    let transcription = |kind: &&str| kind.contains("transcription");
    let order: Vec<_> = client.kinds().into_iter().filter(|kind| !transcription(kind)).collect();
    let (before, rest) = order.split_at(11);
    assert_eq!(
        before,
        [
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "response.created",
            "rate_limits.updated",
            "response.output_item.added",
            "conversation.item.added",
            "response.content_part.added",
            "response.output_audio_transcript.delta",
        ]
    );
    let (deltas, after) = rest.split_at(rest.len() - 6);
    assert!(deltas.iter().all(|kind| kind.starts_with("response.output_audio") && is_delta(kind)), "{deltas:?}");
    assert_eq!(
        after,
        [
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
            "conversation.item.done",
            "response.done",
        ]
    );
}

#[tokio::test]
async fn without_end_call_the_farewell_is_only_spoken() {
    let sim = start(quick());
    let mut client = Client::connect(&sim).await;
    for line in speech::assistant("en") {
        client.send(json!({ "type": "response.create" })).await;
        let done = client.until("response.done").await;
        assert_eq!(done["response"]["output"][0]["content"][0]["transcript"], line.text);
        assert_eq!(done["response"]["output"].as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn a_function_is_called_in_the_response_that_was_told_to_and_only_when_it_is_offered() {
    let calls = ["1:end_call:{\"reason\":\"tired: very\"}", "2:take_note"];
    let calls: Vec<FunctionCall> = calls.map(|call| call.parse().unwrap()).into();
    let sim = start(SimConfig { calls, ..quick() });
    let mut client = Client::phone(&sim, "en").await;
    client.send(json!({ "type": "response.create" })).await;
    let done = client.until("response.done").await;
    let output = &done["response"]["output"];
    assert_eq!(output[0]["content"][0]["transcript"], speech::assistant("en")[0].text);
    assert_eq!(output[1]["type"], "function_call");
    assert_eq!(
        (&output[1]["name"], &output[1]["arguments"]),
        (&json!("end_call"), &json!(r#"{"reason":"tired: very"}"#))
    );
    client.send(json!({ "type": "response.create" })).await;
    let done = client.until("response.done").await;
    assert_eq!(done["response"]["output"].as_array().map(Vec::len), Some(1), "the session offers no take_note");
}

#[test]
fn a_function_call_that_is_none_is_explained() {
    assert!("take_note".parse::<FunctionCall>().unwrap_err().contains("RESPONSE:NAME"));
}
