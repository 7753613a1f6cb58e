//! What `session.update` changes and what it leaves alone.

use serde_json::{Value, json};

use crate::client::{Client, phone_session, quick, start};

#[tokio::test]
async fn an_update_is_echoed_with_defaults_and_the_rest_unchanged() {
    let sim = start(quick());
    let mut client = Client::connect(&sim).await;
    client.configure(phone_session("fr")).await;
    let session = client.configure(json!({ "type": "realtime", "instructions": "" })).await["session"].clone();
    assert_eq!(session["instructions"], "");
    assert_eq!(session["audio"]["input"]["format"], json!({ "type": "audio/pcmu" }));
    assert_eq!(
        session["audio"]["input"]["turn_detection"],
        json!({
            "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 400,
            "idle_timeout_ms": null, "create_response": true, "interrupt_response": true,
        })
    );
    assert_eq!(session["audio"]["output"]["voice"], "marin");
}

#[tokio::test]
async fn null_clears_and_one_bad_field_rejects_everything() {
    let sim = start(quick());
    let mut client = Client::phone(&sim, "fr").await;
    let bad = json!({ "type": "realtime", "instructions": "new", "audio": { "output": { "speed": 9 } } });
    client.refused(json!({ "type": "session.update", "session": bad })).await;
    let off = json!({ "type": "realtime", "audio": { "input": { "transcription": null, "turn_detection": null } } });
    let session = client.configure(off).await["session"].clone();
    assert_eq!(session["instructions"], "Be kind.");
    assert_eq!(session["audio"]["input"]["transcription"], Value::Null);
    assert_eq!(session["audio"]["input"]["turn_detection"], Value::Null);
}

#[tokio::test]
async fn reasoning_is_for_reasoning_models() {
    let sim = start(quick());
    let wanted = json!({ "type": "realtime", "reasoning": { "effort": "low" } });
    let mut plain = Client::connect(&sim).await;
    let error = plain.refused(json!({ "type": "session.update", "session": wanted })).await;
    assert_eq!(error["param"], "session.reasoning");
    let mut thinking = Client::upgrade(crate::client::request(&sim, "?model=gpt-realtime-2")).await.unwrap();
    assert_eq!(thinking.configure(wanted).await["session"]["reasoning"]["effort"], "low");
}
