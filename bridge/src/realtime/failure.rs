//! Every way the model's service refuses or breaks, and what to do about it: one table.

use serde::{Deserialize, Serialize};

use super::event::ErrorBody;

/// Why there is no socket (any more).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Trying again cannot help: the key, the money or the model is wrong. Carries the code.
    Fatal(String),
    /// Worth another attempt. Carries a code for the log.
    Retry(String),
}

/// What an `error` event, or the error of a failed response, asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// A harmless race.
    Ignore,
    /// A fault of this program: count and log the code, keep the call.
    Alarm,
    /// Another response is active: ask again when it is over.
    QueueCreate,
    /// The server did not find the function call: give the result as text.
    ResultAsText,
    /// Too busy: ask again a little later.
    Later,
    /// The session is of no use any more: connect anew.
    Recycle,
    /// The call cannot go on.
    Fatal,
}

/// Codes that no retry can cure.
const FATAL: &[&str] = &[
    "account_deactivated",
    "beta_api_shape_disabled",
    "billing_hard_limit_reached",
    "insufficient_quota",
    "invalid_api_key",
    "missing_model",
    "model_not_found",
];

/// Whether no retry can cure this code.
pub fn is_fatal(code: &str) -> bool {
    FATAL.contains(&code)
}

/// What to do about an error of the service.
pub fn classify(error: &ErrorBody) -> Handling {
    match error.code.as_deref().unwrap_or_default() {
        code if is_fatal(code) => Handling::Fatal,
        "response_cancel_not_active" | "input_audio_buffer_commit_empty" => Handling::Ignore,
        "conversation_already_has_active_response" => Handling::QueueCreate,
        "invalid_tool_call_id" => Handling::ResultAsText,
        "rate_limit_exceeded" | "inference_rate_limit_exceeded" => Handling::Later,
        "session_expired" => Handling::Recycle,
        _ if error.kind == "server_error" => Handling::Later,
        _ => Handling::Alarm,
    }
}

/// What an HTTP status in place of the upgrade means. The body may name the code.
pub fn of_status(status: u16, body: &[u8]) -> Failure {
    #[derive(Deserialize)]
    struct Body {
        error: ErrorBody,
    }
    let code = serde_json::from_slice::<Body>(body).ok().and_then(|b| b.error.code);
    let name = code.unwrap_or_else(|| format!("http_{status}"));
    let hopeless = matches!(status, 400 | 401 | 403 | 404) || is_fatal(&name);
    if hopeless { Failure::Fatal(name) } else { Failure::Retry(name) }
}

/// What a close frame means. The service closes with 4000 and a code in the reason when a request
/// was wrong, and with 1001 when the session expired.
pub fn of_close(code: u16, reason: &str) -> Failure {
    match FATAL.iter().find(|fatal| reason.contains(**fatal)) {
        Some(fatal) => Failure::Fatal((*fatal).to_owned()),
        None => Failure::Retry(format!("close_{code}")),
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("invalid_event", "" => Handling::Alarm)]
    #[test_case("response_cancel_not_active", "" => Handling::Ignore)]
    #[test_case("conversation_already_has_active_response", "" => Handling::QueueCreate)]
    #[test_case("invalid_tool_call_id", "" => Handling::ResultAsText)]
    #[test_case("rate_limit_exceeded", "" => Handling::Later)]
    #[test_case("", "server_error" => Handling::Later)]
    #[test_case("session_expired", "" => Handling::Recycle)]
    #[test_case("insufficient_quota", "" => Handling::Fatal)]
    #[test_case("something_new", "" => Handling::Alarm)]
    fn every_code_has_its_handling(code: &str, kind: &str) -> Handling {
        classify(&ErrorBody { code: Some(code.into()), kind: kind.into(), ..ErrorBody::default() })
    }

    #[test_case(401, "" => Failure::Fatal("http_401".into()))]
    #[test_case(429, r#"{"error":{"code":"insufficient_quota"}}"# => Failure::Fatal("insufficient_quota".into()))]
    #[test_case(429, r#"{"error":{"code":"rate_limit_exceeded"}}"# => Failure::Retry("rate_limit_exceeded".into()))]
    #[test_case(503, "<html>" => Failure::Retry("http_503".into()))]
    fn refused_upgrades(status: u16, body: &str) -> Failure {
        of_status(status, body.as_bytes())
    }

    #[test_case(1000, "" => Failure::Retry("close_1000".into()))]
    #[test_case(1001, "session expired" => Failure::Retry("close_1001".into()))]
    #[test_case(4000, "invalid_request_error.missing_model" => Failure::Fatal("missing_model".into()))]
    fn closed_sockets(code: u16, reason: &str) -> Failure {
        of_close(code, reason)
    }
}
