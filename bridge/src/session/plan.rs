//! Everything a call needs to know before it begins. It arrives as data and never changes.

use std::time::Duration;

use domain::phrases::Listened;
use domain::{Language, Phi};
use serde::{Deserialize, Serialize};

use super::output::Turn;
use super::toolbox::ToolSpec;
use crate::audio::frame::Codec;
use crate::realtime::command::{
    AudioConfig, Format, InputConfig, MaxTokens, OutputConfig, SessionConfig, TranscriptionConfig, Truncation,
    TurnAudio, TurnConfig, TurnDetection, TurnInput,
};

/// What one call shall be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The call's id; also names its channels in Asterisk.
    pub call_id: String,
    /// The patient's language: of the transcription, the watch for emergencies, recorded words.
    pub language: Language,
    /// Who the model is, what it knows, what it must not do.
    pub instructions: Phi<String>,
    /// What the first thing said shall be: an instruction to the model, not a text to read out.
    pub greeting: Phi<String>,
    /// What is said to an answering machine: for anybody's ears.
    pub voicemail: String,
    /// What the organisation's patients say in an emergency.
    pub phrases: Vec<Listened>,
    /// Voice of the model.
    pub voice: String,
    /// How fast it speaks, in percent of its usual speed, 25 to 150.
    pub speech_rate: u8,
    /// Realtime model.
    pub model: String,
    /// Model that writes down what the caller says.
    pub transcriber: String,
    /// Law of the telephone leg; sound passes through untouched.
    pub codec: Codec,
    /// How patient the turn taking is.
    pub turns: TurnProfile,
    /// Functions the model may call.
    pub tools: Vec<ToolSpec>,
    /// Find out whether a machine has answered.
    pub detect_machine: bool,
    /// Have the greeting made while the phone rings, so that it is heard at once. It costs its tokens
    /// even when nobody answers.
    pub prepare_greeting: bool,
    /// Ask the model about words of which rules and learned layer are not sure.
    pub second_opinion: bool,
    /// Keys to press after the answer, for a home with a switchboard.
    pub extension: Option<String>,
    /// The call was carried by a process that died.
    pub resumed: Option<Resumed>,
    /// Longest call; then a farewell is spoken.
    pub max_call: Duration,
    /// Longest time until somebody answers, as a safety net behind the telephone network's own.
    pub max_ring: Duration,
    /// Silence after which the model checks in; `None` never.
    pub idle: Option<Duration>,
    /// Check-ins without an answer before the model says goodbye.
    pub idle_checks: u32,
    /// Delay between putting a frame on the wire and the caller hearing it.
    pub downstream: Duration,
    /// Seed of everything that looks random: comfort noise, jitter of reconnects.
    pub seed: u64,
}

/// What is known of a call that another process has carried so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Resumed {
    /// What was said, in spoken order.
    pub turns: Vec<Turn>,
    /// How long ago it was answered.
    pub talked: Duration,
    /// Whether an alert was raised in it, and how many people were told of the one that fewest were told of.
    pub informed: Option<u32>,
}

impl Plan {
    /// A plan with the usual values; the caller sets what differs.
    pub fn new(call_id: impl Into<String>, language: Language) -> Self {
        Self {
            call_id: call_id.into(),
            language,
            instructions: Phi::default(),
            greeting: Phi::default(),
            voicemail: String::new(),
            phrases: Vec::new(),
            voice: "marin".to_owned(),
            speech_rate: 100,
            model: "gpt-realtime".to_owned(),
            transcriber: "gpt-4o-mini-transcribe".to_owned(),
            codec: Codec::Ulaw,
            turns: TurnProfile::default(),
            tools: ToolSpec::all(),
            detect_machine: false,
            prepare_greeting: true,
            second_opinion: false,
            extension: None,
            resumed: None,
            max_call: Duration::from_mins(30),
            max_ring: Duration::from_mins(2),
            idle: Some(Duration::from_secs(12)),
            idle_checks: 3,
            downstream: Duration::from_millis(20),
            seed: 0,
        }
    }

    /// The session this plan asks for, every value written out, with turns found as `turns` says.
    pub fn session_config(&self, turns: TurnProfile) -> SessionConfig {
        let format = Format { kind: self.codec.realtime_format() };
        SessionConfig {
            kind: "realtime",
            output_modalities: ["audio"],
            instructions: self.instructions.clone(),
            audio: AudioConfig {
                input: InputConfig {
                    format: format.clone(),
                    transcription: TranscriptionConfig {
                        model: self.transcriber.clone(),
                        language: self.language.code().to_owned(),
                    },
                    noise_reduction: None,
                    turn_detection: turns.detection(),
                },
                output: OutputConfig {
                    format,
                    voice: self.voice.clone(),
                    speed: f32::from(self.speech_rate.clamp(25, 150)) / 100.0,
                },
            },
            tools: self.tools.iter().map(ToolSpec::tool).collect(),
            tool_choice: "auto",
            max_output_tokens: MaxTokens::Unlimited,
            truncation: Truncation { kind: "retention_ratio", retention_ratio: 0.8 },
        }
    }

    /// The session's instructions with one more on top, because those of a response replace them.
    pub(super) fn with_direction(&self, direction: &str) -> Phi<String> {
        Phi::new(format!("{}\n\n{direction}", self.instructions.reveal()))
    }
}

/// How turns are found in the caller's speech.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TurnProfile {
    /// 0.0 to 1.0; higher needs louder speech.
    pub threshold: f32,
    /// Sound kept from before the detected start.
    pub prefix_padding_ms: u32,
    /// Silence that ends a turn; longer for people who speak slowly.
    pub silence_duration_ms: u32,
}

impl Default for TurnProfile {
    /// Patient enough for most elderly people.
    fn default() -> Self {
        Self { threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 700 }
    }
}

impl TurnProfile {
    /// The message that makes this the way turns are found.
    pub(super) fn update(&self) -> TurnConfig {
        let input = TurnInput { turn_detection: self.detection() };
        TurnConfig { kind: "realtime", audio: TurnAudio { input } }
    }

    fn detection(&self) -> TurnDetection {
        TurnDetection {
            kind: "server_vad",
            threshold: self.threshold,
            prefix_padding_ms: self.prefix_padding_ms,
            silence_duration_ms: self.silence_duration_ms,
            idle_timeout_ms: None,
            create_response: true,
            // The bridge interrupts: only it knows what may be (not a greeting, not a farewell).
            interrupt_response: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_about_a_patient_is_never_printed() {
        let secret = || Phi::new("Rosa, 84, lives alone".to_owned());
        let plan = Plan { instructions: secret(), greeting: secret(), ..Plan::new("call-1", Language::En) };
        let printed = format!("{plan:?} {:?} {:?}", plan.session_config(plan.turns), plan.with_direction("Go on."));
        assert!(!printed.contains("Rosa"), "{printed}");
        assert!(serde_json::to_string(&plan.session_config(plan.turns)).is_ok_and(|sent| sent.contains("Rosa")));
    }
}
