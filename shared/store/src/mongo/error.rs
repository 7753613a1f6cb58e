//! What a driver's failure means.

use domain::Error;
use mongodb::error::{CommandError, ErrorKind, TRANSIENT_TRANSACTION_ERROR, WriteFailure};

/// Server errors that pass by themselves: a primary is being elected, a node shuts down, a
/// transaction met another one, a limit of time was reached (MongoDB manual, "Error Codes"; those of
/// the "Retryable Reads" specification are all among them).
const PASSING: [i32; 17] = [6, 7, 50, 64, 89, 91, 112, 134, 189, 251, 262, 9001, 10107, 11600, 11602, 13435, 13436];
/// The server's own word for it (`RetryableWriteError`: "Retryable Writes" specification).
const PASSING_LABELS: [&str; 2] = ["RetryableWriteError", TRANSIENT_TRANSACTION_ERROR];
const DUPLICATE_KEY: i32 = 11000;

/// Turns a driver's failure into ours. The server's words can hold the values of a document, so
/// only the kind of the failure and its number are kept.
pub(crate) fn failed(error: mongodb::error::Error) -> Error {
    let name = name(&error);
    if PASSING_LABELS.iter().any(|label| error.contains_label(label)) {
        return Error::unavailable("documents", name);
    }
    match code(&error) {
        Some(DUPLICATE_KEY) => Error::conflict("already_exists", "It exists already.").because(name),
        Some(number) if PASSING.contains(&number) => Error::unavailable("documents", name),
        Some(_) => Error::internal(name),
        None => match *error.kind {
            ErrorKind::Io(_)
            | ErrorKind::ConnectionPoolCleared { .. }
            | ErrorKind::ServerSelection { .. }
            | ErrorKind::DnsResolve { .. }
            | ErrorKind::Transaction { .. }
            | ErrorKind::Authentication { .. }
            | ErrorKind::Shutdown => Error::unavailable("documents", name),
            _ => Error::internal(name),
        },
    }
}

/// Whether it failed because a unique key is taken.
pub(crate) fn is_duplicate(error: &mongodb::error::Error) -> bool {
    code(error) == Some(DUPLICATE_KEY)
}

/// The failure's kind and number, without the server's words.
pub(crate) fn name(error: &mongodb::error::Error) -> String {
    let kind = match *error.kind {
        ErrorKind::Io(_) => "io",
        ErrorKind::ServerSelection { .. } => "no server could be selected",
        ErrorKind::ConnectionPoolCleared { .. } => "connection pool cleared",
        ErrorKind::DnsResolve { .. } => "name not resolved",
        ErrorKind::Authentication { .. } => "authentication refused",
        ErrorKind::InvalidArgument { .. } => "invalid argument",
        ErrorKind::Transaction { .. } => "transaction",
        ErrorKind::Command(_) => "command refused",
        ErrorKind::Write(_) | ErrorKind::InsertMany(_) => "write refused",
        ErrorKind::BsonDeserialization(_) | ErrorKind::Bson(_) => "a document does not have the expected shape",
        ErrorKind::InvalidResponse { .. } => "invalid response",
        _ => "other",
    };
    match code(error) {
        Some(number) => format!("{kind} ({number})"),
        None => kind.to_owned(),
    }
}

fn code(error: &mongodb::error::Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(CommandError { code, .. }) => Some(*code),
        ErrorKind::Write(WriteFailure::WriteError(refused)) => Some(refused.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(refused)) => Some(refused.code),
        ErrorKind::InsertMany(failures) => failures
            .write_errors
            .as_ref()
            .and_then(|refused| refused.first())
            .map(|refused| refused.code)
            .or_else(|| failures.write_concern_error.as_ref().map(|refused| refused.code)),
        _ => None,
    }
}
