//! Why a request was refused, in the provider's words: type, code, message and the offending parameter.

use serde_json::{Value, json};

/// A refused client event or HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    kind: &'static str,
    code: String,
    message: String,
    param: Option<String>,
}

impl Refusal {
    /// A refusal of type `invalid_request_error` with that code.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { kind: "invalid_request_error", code: code.to_owned(), message: message.into(), param: None }
    }

    /// A fault of the service, type `server_error`.
    pub fn server(code: &str, message: impl Into<String>) -> Self {
        Self { kind: "server_error", ..Self::new(code, message) }
    }

    /// `unknown_parameter`: the field does not exist.
    pub fn unknown(path: &str) -> Self {
        Self::new("unknown_parameter", format!("Unknown parameter: '{path}'.")).at(path)
    }

    /// `missing_required_parameter`: the field must be present.
    pub fn missing(path: &str) -> Self {
        Self::new("missing_required_parameter", format!("Missing required parameter: '{path}'.")).at(path)
    }

    /// `invalid_value`: the field has the wrong type or is out of range.
    pub fn invalid(path: &str, expected: impl std::fmt::Display) -> Self {
        Self::new("invalid_value", format!("Invalid value for '{path}': expected {expected}.")).at(path)
    }

    /// The same refusal, naming the parameter it is about.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        self.param = Some(path.to_owned());
        self
    }

    /// The stable code, for example `invalid_value`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The `error` object of an error event or of an HTTP error body.
    pub fn to_json(&self) -> Value {
        json!({ "type": self.kind, "code": self.code, "message": self.message, "param": self.param })
    }
}
