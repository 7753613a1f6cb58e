//! The simulated model, in the process of the test so that a test sees every event with its time.

use std::time::SystemTime;

use openai_sim::record::{EventRecord, SessionRecord};
use openai_sim::{Sim, SimConfig};
use serde_json::Value;

use super::until;

/// The simulator.
pub struct Model(pub Sim);

impl Model {
    pub fn start(config: SimConfig) -> Self {
        Self(Sim::start(config).expect("a port is free"))
    }

    /// The only session there was, which had no errors.
    pub fn session(&self) -> SessionRecord {
        let mut sessions = self.0.sessions();
        assert_eq!(sessions.len(), 1, "sessions of the model");
        let session = sessions.remove(0);
        let errors: Vec<&Value> = session.of_kind("error").map(|event| &event.event).collect();
        assert!(errors.is_empty(), "{errors:?}");
        session
    }

    /// Waits for the `nth` event (from 0) of that type in the newest session, and gives when it crossed the socket.
    pub async fn event(&self, kind: &str, nth: usize) -> (SystemTime, Value) {
        until(&format!("the model's {kind}, number {nth}"), async || {
            let session = self.0.sessions().pop().ok_or("no session")?;
            let event = session.of_kind(kind).nth(nth).ok_or_else(|| "it did not happen".to_owned())?;
            Ok((at(&session, event), event.event.clone()))
        })
        .await
    }
}

/// When an event crossed the socket, by this machine's clock. The simulator notes the time of an event as it
/// writes it to the socket.
pub fn at(session: &SessionRecord, event: &EventRecord) -> SystemTime {
    session.opened_at + event.at
}

/// The texts that a client put into a session's conversation, in order.
pub fn told(session: &SessionRecord) -> Vec<String> {
    let created = session.of_kind("conversation.item.create").map(|event| &event.event["item"]);
    let texts = created.flat_map(|item| item["content"].as_array().cloned().unwrap_or_default());
    texts.filter_map(|part| part["text"].as_str().map(str::to_owned)).collect()
}
