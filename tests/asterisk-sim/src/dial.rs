//! The life of a channel until somebody talks on it, told as Asterisk 22.10 tells it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::phone::{Answer, Fate};
use crate::world::{NORMAL, World};

/// What becomes of a number that was dialled; `patience` is how long the caller lets it ring.
pub(crate) async fn story(world: Arc<World>, id: String, answer: Answer, patience: Duration) {
    world.dial(&id, "");
    if let Some(refusal) = answer.fate.refusal() {
        sleep(answer.ring).await;
        let (cause, status) = (refusal.cause, refusal.status);
        let requested = json!({ "type": "ChannelHangupRequest", "cause": cause, "tech_cause": status });
        world.about(&id, requested);
        world.dial(&id, refusal.dial);
        let event = json!({ "cause": cause, "cause_txt": refusal.text, "tech_cause": status });
        world.destroy(&id, event, cause);
        return;
    }
    world.dial(&id, "RINGING");
    world.set_state(&id, "Ringing");
    let phone = match answer.fate {
        Fate::PicksUp(phone) if answer.ring < patience => phone,
        _ => {
            sleep(patience).await;
            let event = json!({ "cause": 19, "cause_txt": "User alerting, no answer", "tech_cause": 480 });
            world.destroy(&id, event, 19);
            return;
        }
    };
    sleep(answer.ring).await;
    world.pick_up(&id, phone);
    world.dial(&id, "ANSWER");
    if !world.enter(&id) {
        // Nobody listens: the dialplan goes on and ends the call.
        fall_back(&world, &id);
        world.end(&id, NORMAL, "Normal Clearing", None);
    }
}

/// The dialplan has the channel.
pub(crate) fn fall_back(world: &World, id: &str) {
    for (app, data) in [("Answer", ""), ("Playback", "bianca/fallback-en"), ("Hangup", "")] {
        if let Some(channel) = world.state().channels.get_mut(id) {
            channel.running = (app.to_owned(), data.to_owned());
        }
        world.about(id, json!({ "type": "ChannelDialplan", "dialplan_app": app, "dialplan_app_data": data }));
    }
}
