//! What a call shall be: from a patient and the configuration to the session's plan; and what it came to.

use domain::calls::{Bill, Quality};
use domain::patients::Patience;
use domain::prompt;
use services::calls::Taken;

use crate::calls::Way;
use crate::driver::CallEnd;
use crate::session::{Plan, TurnProfile};
use crate::wire::Settings;

/// The plan of a call that reaches its telephone in this way.
pub(crate) fn of(taken: &Taken, settings: &Settings, way: &Way) -> Plan {
    let profile = &taken.patient.profile;
    let id = taken.call.id;
    let bytes = id.0.bytes();
    let outbound = matches!(way, Way::Dial);
    Plan {
        instructions: taken.instructions.clone(),
        greeting: taken.greeting.clone(),
        phrases: taken.phrases.clone(),
        voicemail: prompt::voicemail(profile.language).to_owned(),
        voice: settings.model.voice.clone(),
        speech_rate: profile.manner.speech_rate,
        model: settings.model.model.clone(),
        codec: settings.line.codec,
        turns: turns(profile.manner.patience),
        detect_machine: outbound,
        prepare_greeting: outbound,
        second_opinion: settings.second_opinion,
        extension: profile.extension.as_ref().filter(|_| outbound).map(|keys| keys.as_str().to_owned()),
        resumed: match way {
            Way::Adopted { resumed, .. } => Some(resumed.clone()),
            Way::Dial | Way::Inbound { .. } => None,
        },
        max_call: settings.bridge.max_call,
        downstream: settings.line.downstream,
        // The last eight bytes of an id are random, and they are the same when a call is replayed.
        seed: bytes[4..].iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte)),
        ..Plan::new(id.to_string(), profile.language)
    }
}

/// How long a silence ends a turn. The values are ours; the service's own default is 500 ms.
fn turns(patience: Patience) -> TurnProfile {
    let silence_duration_ms = match patience {
        Patience::Brisk => 500,
        Patience::Normal => 600,
        Patience::Patient => 700,
        Patience::VeryPatient => 1_200,
    };
    TurnProfile { silence_duration_ms, ..TurnProfile::default() }
}

/// What a call cost, and what it was like.
pub(crate) fn account(end: &CallEnd, settings: &Settings) -> (Bill, Quality) {
    let (input, output) = (end.usage.input_token_details, end.usage.output_token_details);
    let cached = end.usage.input_token_details.cached_tokens_details;
    let mut bill = Bill {
        input_text: input.text_tokens.saturating_sub(cached.text_tokens),
        input_audio: input.audio_tokens.saturating_sub(cached.audio_tokens),
        cached: input.cached_tokens,
        output_text: output.text_tokens,
        output_audio: output.audio_tokens,
        cost_microusd: 0,
    };
    bill.cost_microusd = settings.model.prices.cost(&bill);
    let count = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let quality = Quality {
        barge_ins: count(end.session.barge_ins),
        underruns: count(end.session.underruns),
        reconnects: count(end.session.lost_links),
        turns: end.summary.turns,
        response_ms_p50: end.summary.response_ms_p50,
        response_ms_p95: end.summary.response_ms_p95,
    };
    (bill, quality)
}

/// Millionths of a dollar as dollars, for people and metrics.
#[expect(clippy::cast_precision_loss, reason = "no call costs anything near 2^52 millionths of a dollar")]
pub(crate) fn in_dollars(microusd: u64) -> f64 {
    microusd as f64 / 1e6
}
