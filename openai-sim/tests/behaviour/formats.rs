//! The three audio formats, both ways.

use openai_sim::{codec::Format, speech};
use serde_json::json;
use test_case::test_case;

use crate::client::{Client, phone_session, quick, start};

#[test_case(Format::Pcmu; "mu-law")]
#[test_case(Format::Pcma; "A-law")]
#[test_case(Format::Pcm24k; "24 kHz PCM")]
#[tokio::test]
async fn speech_is_understood_and_spoken_in(format: Format) {
    let sim = start(quick());
    let mut client = Client::connect(&sim).await;
    let mut wanted = json!({ "type": format.media_type() });
    if format == Format::Pcm24k {
        wanted["rate"] = json!(24_000);
    }
    let mut session = phone_session("de");
    session["audio"]["input"]["format"] = wanted.clone();
    session["audio"]["output"]["format"] = wanted;
    client.configure(session).await;

    let line = speech::patient("de")[2];
    let silence = vec![0xFF; 600 * 8];
    client.append(&format.encode_ulaw(&[line.audio, &silence].concat()), format.bytes_per_ms()).await;
    let heard = client.until("conversation.item.input_audio_transcription.completed").await;
    assert_eq!(heard["transcript"], line.text);

    if client.of_kind("response.done").is_empty() {
        client.until("response.done").await;
    }
    let audio = client.audio_of(&client.of_kind("response.done")[0]["response"]["id"]).len();
    assert_eq!(audio, speech::assistant("de")[0].millis() * format.bytes_per_ms());
}
