//! The words of the protocol (`docs/live.md`).

use std::collections::BTreeSet;

use api::v1::{AlertBody, CallStatusData};
use domain::live::{MAX_TOPICS, Topic};
use domain::{AlertId, Error, Result, Secret};
use serde::{Deserialize, Serialize};

/// What a screen says.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Asked {
    /// Hear about these topics too.
    Subscribe {
        /// `alerts`, `calls`, `call:<id>`.
        topics: Vec<String>,
    },
    /// Hear no longer about these.
    Unsubscribe {
        /// As above.
        topics: Vec<String>,
    },
    /// Here is the token that replaced the last one.
    Authenticate {
        /// An access token.
        token: Secret,
    },
    /// Keeps the connection open: the gateway ends one that is silent for ten minutes.
    Ping {},
}

impl Asked {
    /// Reads a message.
    ///
    /// # Errors
    /// `message_invalid`; nothing of the message is repeated.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let message =
            "A message must be a JSON object with one of the actions subscribe, unsubscribe, authenticate and ping.";
        serde_json::from_str(text).map_err(|_| Error::invalid("message_invalid", message))
    }
}

/// Reads topics.
///
/// # Errors
/// `validation_failed` for none, too many, or one that is none.
pub(crate) fn topics(names: &[String]) -> Result<BTreeSet<Topic>> {
    if names.is_empty() || names.len() > MAX_TOPICS {
        return Err(Error::field("topics", format!("must be 1 to {MAX_TOPICS}")));
    }
    names.iter().map(|name| name.parse()).collect()
}

/// What a screen is told.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Told<'a> {
    /// What it hears about now.
    Subscribed {
        /// All of its topics.
        topics: Vec<String>,
    },
    /// It may watch until then.
    Authenticated {
        /// When the token ends.
        until: String,
    },
    /// The answer to a ping.
    Pong,
    /// Something was not done.
    Error {
        /// Stable, for programs.
        code: &'a str,
        /// A sentence for people.
        message: &'a str,
        /// The fields at fault, when the message was wrong.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        errors: Vec<api::FieldBody>,
    },
    /// An alert as it is now.
    Alert {
        /// As `GET /v1/alerts/{alertId}` shows it.
        alert: AlertBody,
    },
    /// An alert is no more.
    AlertRemoved {
        /// Its id.
        alert_id: AlertId,
    },
    /// A call as it is now.
    Call {
        /// As `GET /v1/calls/{conversationId}/status` shows it, with the latest turns only.
        call: CallStatusData,
    },
}

impl Told<'_> {
    /// As it is sent.
    ///
    /// # Errors
    /// A fault of ours.
    pub(crate) fn text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::internal(error.to_string()))
    }

    /// Topics as a screen reads them.
    pub(crate) fn subscribed(topics: &BTreeSet<Topic>) -> Self {
        Self::Subscribed { topics: topics.iter().map(Topic::to_string).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case(""; "nothing")]
    #[test_case("null"; "null")]
    #[test_case("[]"; "a list")]
    #[test_case(r#"{"action":"shutdown"}"#; "an action that is none")]
    #[test_case(r#"{"action":"subscribe"}"#; "no topics")]
    #[test_case(r#"{"action":"subscribe","topics":"alerts"}"#; "topics that are no list")]
    #[test_case(r#"{"action":"ping","org":"1"}"#; "a field that is none")]
    fn what_is_no_message_is_refused_and_not_repeated(text: &str) {
        let error = Asked::read(text).unwrap_err();
        assert_eq!(error.code, "message_invalid");
        assert!(!error.message.contains("shutdown"));
    }

    #[test]
    fn topics_are_read_and_counted() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(topics(&names(&["calls", "alerts", "calls"])).unwrap().len(), 2);
        for wrong in [names(&[]), names(&["alerts", "everything"]), names(&["calls"; 21])] {
            assert_eq!(topics(&wrong).unwrap_err().fields[0].path, "topics");
        }
    }
}
