//! What fits into the model's context, and what happens to a response that would read more.

use serde_json::Value;

use super::{Session, usage::Tokens};

/// What a response fails with when it would read too much. The Realtime reference names no code for this;
/// it is the one of the provider's text endpoint.
const OVERFLOW: &str = "context_length_exceeded";

impl Session {
    /// Lets the oldest items leave the context until the rest fits; returns the code the response fails with
    /// when that is not allowed or not enough.
    pub(super) fn fit(&mut self, effective: &Value) -> Option<String> {
        let limit = self.context_tokens?;
        if self.reads(effective).total() <= limit {
            return None;
        }
        let truncation = &effective["truncation"];
        if truncation == "disabled" {
            return Some(OVERFLOW.to_owned());
        }
        let goal = retained(limit, truncation["retention_ratio"].as_f64().unwrap_or(1.0));
        let mut reads: Tokens = self.reads(effective);
        while reads.total() > goal && self.conversation.forget_oldest() {
            reads = self.reads(effective);
        }
        (reads.total() > limit).then(|| OVERFLOW.to_owned())
    }
}

/// How much is kept when something must go: with a ratio below 1 more leaves at once.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a context is far below 2^52 tokens, and the ratio is checked to be 0.0 to 1.0"
)]
fn retained(limit: u64, ratio: f64) -> u64 {
    (limit as f64 * ratio) as u64
}
