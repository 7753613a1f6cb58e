//! A strict simulator of the OpenAI Realtime API (GA) over WebSocket and of the text endpoint used for
//! summaries.
//!
//! It stands where the provider would: `GET /v1/realtime?model=...` and `POST /v1/chat/completions`. Nothing
//! on the socket is an extension of its own, so the real service can be put in its place. What happened can
//! be read through [`Sim::sessions`] or over HTTP under `/sim/`.
//!
//! # What is real and what is not
//!
//! Real: the check of every client event, the order of server events, the conversation with its items,
//! truncation and deletion, the turn detection on the audio that was really appended, all three audio formats.
//!
//! Simulated, and honest about it:
//!
//! - **Words of the assistant.** The n-th response of the conversation speaks the n-th line of the
//!   [`script`], in the language pinned for transcription or named in the instructions. `instructions` of a
//!   response are checked and otherwise ignored. The last line is the farewell; when the session offers a
//!   function `end_call`, it is called after it; so are those of [`SimConfig::calls`] after their lines. Everything later gets one short polite line. An interrupted
//!   line counts as spoken. `tool_choice` other than `"none"`, `speed` and the `input` of a response are
//!   checked and have no effect.
//! - **Words of the caller.** There is no speech model: [`matching`] compares what was received with the
//!   lines it knows. Anything else is transcribed as [`matching::UNRECOGNISED`].
//! - **`semantic_vad`** is turn detection by silence, with the length of its eagerness.
//! - **Token counts** follow the published rates for audio and four characters a token for text.
//! - **The context** overflows only when [`SimConfig::context_tokens`] says at how many tokens. The oldest items
//!   then leave what the model reads and stay in the conversation; of `truncation`, the retention ratio counts and
//!   `token_limits` do not. The error code with truncation disabled is a guess.
//! - **MCP tools, stored prompts and tracing** are checked and otherwise ignored.
//!
//! Not simulated, although the real service shows it:
//!
//! - **TLS.** The simulator speaks plain `ws` and `http`, so a reset during the TLS handshake has no place here.
//! - **Fragmented messages.** Every event is one WebSocket frame: the WebSocket of `axum` offers no way to send
//!   continuation frames.
//!
//! # Example
//!
//! ```no_run
//! # async fn run() -> std::io::Result<()> {
//! use openai_sim::{Sim, SimConfig, faults::FaultKind};
//!
//! let sim = Sim::start(SimConfig {
//!     pace: 0.0,
//!     faults: vec![FaultKind::TranscriptionNever.into()],
//!     ..SimConfig::default()
//! })?;
//! println!("{}", sim.realtime_url());
//! sim.shutdown().await;
//! # Ok(())
//! # }
//! ```

pub mod codec;
pub mod faults;
mod inspect;
pub mod matching;
pub mod record;
mod refusal;
pub mod script;
mod server;
mod session;
mod sim;
mod socket;
pub mod speech;
mod text;
mod timing;
pub mod vad;
mod validate;

pub use record::SessionRecord;
pub use sim::{FunctionCall, Sim, SimConfig};
