//! Channels, bridges and this Asterisk itself, as ARI shows them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::{Bridge, Channel};

/// Names this Asterisk in every event.
pub(crate) const ENTITY: &str = "02:fc:00:00:00:01";

/// Now, in the form of ARI.
pub(crate) fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

/// A channel.
pub(crate) fn channel(channel: &Channel) -> Value {
    json!({
        "id": channel.id,
        "name": channel.name,
        "state": channel.state,
        "protocol_id": channel.protocol_id,
        "caller": { "name": "", "number": channel.caller },
        "connected": { "name": "", "number": channel.connected },
        "accountcode": "",
        "dialplan": {
            "context": channel.context, "exten": "s", "priority": 1,
            "app_name": channel.running.0, "app_data": channel.running.1,
        },
        "creationtime": channel.created,
        "language": "en",
    })
}

/// A bridge.
pub(crate) fn bridge(bridge: &Bridge) -> Value {
    json!({
        "id": bridge.id,
        "technology": "simple_bridge",
        "bridge_type": "mixing",
        "bridge_class": "stasis",
        "creator": "Stasis",
        "name": "",
        "channels": bridge.channels,
        "creationtime": bridge.created,
        "video_mode": "talker",
    })
}

/// `GET /asterisk/info`.
pub(crate) fn info(version: &str, started: &str) -> Value {
    json!({
        "build": {
            "os": "Linux", "kernel": "unknown", "machine": "unknown", "options": "OPTIONAL_API",
            "date": "2026-07-20 21:35:32 UTC", "user": "nobody",
        },
        "system": { "version": version, "entity_id": ENTITY },
        "config": {
            "name": "", "default_language": "en", "setid": { "user": "", "group": "" }, "max_open_files": 16384,
        },
        "status": { "startup_time": started, "last_reload_time": started },
    })
}
