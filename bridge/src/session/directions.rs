//! What the model is told at moments that the conversation itself does not bring about.
//!
//! They are appended to the plan's instructions, which already fix the language and the manner.

/// Nobody has said anything for a while.
pub const CHECK_IN: &str = "The person has been silent for a while. Ask gently, in one short \
    sentence, whether they are still there and all right.";

/// The call has to end now.
pub const FAREWELL: &str = "The call has to end now. Say a short, warm goodbye in one or two \
    sentences. Ask no question and call no function.";

/// The connection to the model was lost in the middle of an answer.
pub const RESUME: &str = "The line was interrupted for a moment while you were speaking or about \
    to speak. Go on where you left off, without a new greeting, with a brief apology.";

/// Put into the conversation after it was restored on a new connection.
pub const RESTORED: &str = "The connection was restored. What was said before is above. Continue \
    the conversation naturally and do not greet again.";
