//! What the modules of `audio` are measured by: sounds made from seeds and recorded speech, with the
//! figures printed (`cargo test -p bridge --test audio -- --nocapture`) and the bars asserted.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]
#![expect(clippy::print_stdout, reason = "the figures are what these tests are for")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "synthetic sounds are short and inside full scale"
)]

mod answer;
mod drift;
mod echo;
mod resample;
mod speed;
mod synth;
mod tone;
mod voice;
