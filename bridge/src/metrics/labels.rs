//! Values that labels may have: enums, so that no id, number or name can become one.

use serde::Serialize;

use crate::realtime::failure::Failure;

/// A step on the way to a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetUp {
    /// From taking the call to the telephone system's yes.
    Dial,
    /// From there to the first ring.
    Ring,
    /// From the first ring to the answer.
    Answer,
    /// From asking for a socket to the model to its session as we want it.
    Model,
    /// From the answer until sound can be sent.
    Media,
}

impl SetUp {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Dial => "dial",
            Self::Ring => "ring",
            Self::Answer => "answer",
            Self::Model => "model",
            Self::Media => "media",
        }
    }
}

/// Which way sound goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the caller's packet to the message for the model.
    ToModel,
    /// From the model's delta, once it is its turn, to the packet for the caller.
    ToCaller,
}

/// How a function call of the model came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ToolResult {
    /// It was done.
    Done,
    /// It was done before, for the same call of the model.
    Repeated,
    /// It could not be done, and the model was told so.
    Failed,
    /// It took too long.
    TimedOut,
    /// There is no such function.
    Unknown,
}

impl ToolResult {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Repeated => "repeated",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Unknown => "unknown",
        }
    }
}

/// State of the circuit breaker of the model's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaker {
    /// Attempts go through.
    Closed,
    /// None does.
    Open,
    /// One does, to see whether the model is back.
    HalfOpen,
}

impl Breaker {
    pub(super) const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::HalfOpen];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// How a request to the ECS agent came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// It did what was asked.
    Done,
    /// It answered that it does not.
    Refused,
    /// It did not answer.
    Unreachable,
}

impl Protection {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
        }
    }
}

/// Functions with a time series of their own. The model can ask for any name: all others are `other`.
const TOOLS: &[&str] = &["alert_caregiver", "end_call", "schedule_callback", "take_note", "transfer_to_caregiver"];

pub(crate) fn tool(name: &str) -> &'static str {
    TOOLS.iter().find(|known| **known == name).copied().unwrap_or("other")
}

/// The class of a failure: few, whatever codes the service thinks of.
pub fn class(failure: &Failure) -> &'static str {
    match failure {
        Failure::Fatal(code) => match code.as_str() {
            "invalid_api_key" | "http_401" | "http_403" => "key",
            "insufficient_quota" | "billing_hard_limit_reached" => "money",
            "account_deactivated" => "account",
            "model_not_found" | "missing_model" | "http_404" => "model",
            _ => "refused",
        },
        Failure::Retry(code) if code.ends_with("timeout") => "timeout",
        Failure::Retry(code) if code.contains("rate_limit") || code == "http_429" => "busy",
        Failure::Retry(code) if code.starts_with("http_5") => "server",
        Failure::Retry(code) if code == "close_1001" || code == "session_expired" => "expired",
        Failure::Retry(code) if code.starts_with("close_") => "closed",
        Failure::Retry(code) if code.starts_with("io_") || code == "tls" || code == "socket_gone" => "network",
        Failure::Retry(_) => "other",
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(Failure::Fatal("http_401".into()) => "key")]
    #[test_case(Failure::Fatal("insufficient_quota".into()) => "money")]
    #[test_case(Failure::Fatal("never_seen_before".into()) => "refused")]
    #[test_case(Failure::Retry("connect_timeout".into()) => "timeout")]
    #[test_case(Failure::Retry("rate_limit_exceeded".into()) => "busy")]
    #[test_case(Failure::Retry("http_503".into()) => "server")]
    #[test_case(Failure::Retry("close_1001".into()) => "expired")]
    #[test_case(Failure::Retry("close_1006".into()) => "closed")]
    #[test_case(Failure::Retry("io_ConnectionRefused".into()) => "network")]
    #[test_case(Failure::Retry("never_seen_before".into()) => "other")]
    fn every_code_falls_into_one_of_few_classes(failure: Failure) -> &'static str {
        class(&failure)
    }

    #[test]
    fn a_name_the_model_made_up_is_no_label() {
        assert_eq!((tool("end_call"), tool("call +15550100123")), ("end_call", "other"));
    }
}
