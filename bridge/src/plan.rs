//! What a call shall be: from a patient and the configuration to the session's plan.

use services::calls::Taken;

use crate::session::Plan;
use crate::wire::Settings;

/// The plan of a call.
pub(crate) fn of(taken: &Taken, settings: &Settings) -> Plan {
    let profile = &taken.patient.profile;
    let id = taken.call.id;
    let bytes = id.0.bytes();
    Plan {
        instructions: taken.instructions.clone(),
        greeting: taken.greeting.clone(),
        voice: settings.model.voice.clone(),
        model: settings.model.model.clone(),
        max_call: settings.bridge.max_call,
        // The last eight bytes of an id are random, and they are the same when a call is replayed.
        seed: bytes[4..].iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte)),
        ..Plan::new(id.to_string(), profile.language.code())
    }
}
