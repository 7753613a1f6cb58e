//! All twelve languages speak and are understood.

use openai_sim::{script, speech};
use serde_json::json;

use crate::client::{Client, quick, start};

#[tokio::test]
async fn every_language_greets_and_understands_its_patient() {
    let sim = start(quick());
    for language in script::LANGUAGES {
        let mut client = Client::phone(&sim, language).await;
        client.send(json!({ "type": "response.create" })).await;
        let done = client.until("response.done").await;
        assert_eq!(done["response"]["output"][0]["content"][0]["transcript"], speech::assistant(language)[0].text);
        client.say(speech::patient(language)[0].audio, 600).await;
        let heard = client.until("conversation.item.input_audio_transcription.completed").await;
        assert_eq!(heard["transcript"], speech::patient(language)[0].text, "{language}");
    }
}

#[tokio::test]
async fn instructions_may_name_the_language() {
    let sim = start(quick());
    let mut client = Client::connect(&sim).await;
    client.configure(json!({ "type": "realtime", "instructions": "You are Bianca. Always speak Italian." })).await;
    client.send(json!({ "type": "response.create" })).await;
    let done = client.until("response.done").await;
    assert_eq!(done["response"]["output"][0]["content"][0]["transcript"], speech::assistant("it")[0].text);
}

#[test]
fn lines_are_short_and_the_two_voices_differ() {
    for language in script::LANGUAGES {
        let (assistant, patient) = (speech::assistant(language), speech::patient(language));
        assert_eq!((assistant.len(), patient.len()), (4, 3));
        for line in assistant.iter().chain(patient) {
            assert!((1_000..4_500).contains(&line.millis()), "{language}: {} takes {} ms", line.text, line.millis());
        }
    }
}
