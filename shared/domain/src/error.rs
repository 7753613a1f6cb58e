//! The one error type that leaves a service.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use jiff::SignedDuration;
use serde_json::Value;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as a class; the HTTP status follows from it in one place (`api::error`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request itself is wrong (400).
    Invalid,
    /// Nobody is signed in (401).
    Unauthenticated,
    /// Signed in, but the role does not allow it (403).
    Forbidden,
    /// It does not exist inside the caller's scope (404).
    NotFound,
    /// It clashes with what is already there (409).
    Conflict,
    /// The body is larger than we read (413).
    TooLarge,
    /// Too many requests (429).
    Limited,
    /// Something we depend on does not answer; trying again later is right (503).
    Unavailable,
    /// A fault of ours (500).
    Internal,
}

/// One field of a request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Where: `phone`, `intervals[0].day`.
    pub path: String,
    /// What it must be, for people.
    pub message: String,
}

/// A failure with a kind for the status, a code for programs and a sentence for people.
///
/// The cause, when there is one, is for the log and never reaches a client.
#[derive(Debug)]
pub struct Error {
    /// The class of the failure.
    pub kind: Kind,
    /// Stable, snake case, for programs.
    pub code: &'static str,
    /// A sentence for people, without patient data or internals.
    pub message: Cow<'static, str>,
    /// The fields at fault, on [`Kind::Invalid`] only.
    pub fields: Vec<Field>,
    /// When trying again makes sense, if that is known.
    pub retry_after: Option<SignedDuration>,
    /// Behind a pointer: few errors have any, and every result carries the size of its error.
    extra: Option<Box<Extra>>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

/// What a client is told besides, by name.
#[derive(Debug, Default)]
struct Extra(Vec<(&'static str, Value)>);

impl Error {
    fn new(kind: Kind, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, code, message: message.into(), fields: Vec::new(), retry_after: None, extra: None, cause: None }
    }

    /// The request is wrong as a whole.
    pub fn invalid(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Invalid, code, message)
    }

    /// One field of the request is wrong.
    pub fn field(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::fields(vec![Field { path: path.into(), message: message.into() }])
    }

    /// Several fields of the request are wrong; the sentence names them all, as the existing app
    /// shows only `message`.
    pub fn fields(fields: Vec<Field>) -> Self {
        let message = fields
            .iter()
            .map(|f| if f.path.is_empty() { f.message.clone() } else { format!("{}: {}", f.path, f.message) })
            .collect::<Vec<_>>()
            .join(", ");
        Self { fields, ..Self::new(Kind::Invalid, "validation_failed", message) }
    }

    /// Nobody is signed in, or the credentials are wrong.
    pub fn unauthenticated(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Unauthenticated, code, message)
    }

    /// The caller's role does not allow it.
    pub fn forbidden(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Forbidden, code, message)
    }

    /// It does not exist, or not inside the caller's scope.
    pub fn not_found(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::NotFound, code, message)
    }

    /// It clashes with what is already there.
    pub fn conflict(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Conflict, code, message)
    }

    /// It was tried too often; `wait` says when it may be tried again.
    pub fn limited(code: &'static str, message: impl Into<Cow<'static, str>>, wait: SignedDuration) -> Self {
        Self { retry_after: Some(wait), ..Self::new(Kind::Limited, code, message) }
    }

    /// The body is too large; `limit` is in bytes.
    pub fn too_large(limit: usize) -> Self {
        Self::new(Kind::TooLarge, "body_too_large", format!("The body may have at most {limit} bytes."))
    }

    /// A dependency (named by its role: `documents`, `queue`) does not answer.
    pub fn unavailable(what: &'static str, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let error =
            Self::new(Kind::Unavailable, "unavailable", "The service is briefly unavailable. Please try again.");
        error.because(format!("{what}: {}", cause.into()))
    }

    /// A fault of ours; the cause goes to the log.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Kind::Internal, "internal", "Something went wrong on our side.").because(cause)
    }

    /// When trying again makes sense.
    #[must_use]
    pub fn after(mut self, wait: SignedDuration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Attaches what caused it, for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Tells the client something besides, as a further member of the body.
    #[must_use]
    pub fn telling(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.extra.get_or_insert_default().0.push((name, value.into()));
        self
    }

    /// What the client is told besides.
    pub fn extra(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.extra.iter().flat_map(|extra| &extra.0).map(|(name, value)| (*name, value))
    }

    /// What caused it, for the log.
    pub fn cause(&self) -> Option<&(dyn StdError + Send + Sync)> {
        self.cause.as_deref()
    }

    /// Whether the same request may succeed later without being changed.
    pub fn is_passing(&self) -> bool {
        matches!(self.kind, Kind::Unavailable | Kind::Limited)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        if let Some(cause) = &self.cause {
            write!(f, " ({cause})")?;
        }
        Ok(())
    }
}

impl StdError for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validation_error_names_every_field_in_its_sentence() {
        let field = |path: &str, message: &str| Field { path: path.into(), message: message.into() };
        let error = Error::fields(vec![field("phone", "must be E.164"), field("", "needs a body")]);
        assert_eq!(error.message, "phone: must be E.164, needs a body");
        assert_eq!(error.fields.len(), 2);
    }

    #[test]
    fn what_is_told_besides_keeps_its_order() {
        let error = Error::forbidden("a", "b").telling("ssoProvider", "google").telling("requiresPassword", true);
        let told: Vec<_> = error.extra().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(told, ["ssoProvider=\"google\"", "requiresPassword=true"]);
        assert_eq!(Error::internal("c").extra().count(), 0);
    }

    #[test]
    fn the_cause_is_in_the_log_form_and_not_in_the_message() {
        let error = Error::unavailable("documents", "connection refused");
        assert!(error.to_string().contains("connection refused"));
        assert!(!error.message.contains("refused"));
        assert!(error.is_passing());
    }
}
