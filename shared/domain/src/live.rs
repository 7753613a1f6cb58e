//! Live updates: what is told to those who watch, as it happens.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::caller::Role;
use crate::error::{Error, Result};
use crate::id::{AlertId, CallId, CaregiverId, OrgId, SessionId};

/// How long a connection lives at most (API Gateway quotas: connection duration for WebSocket API, 2 hours).
pub const LONGEST: SignedDuration = SignedDuration::from_hours(2);
/// Topics of one connection.
pub const MAX_TOPICS: usize = 20;
/// Connections of one caregiver: a few screens, and those of them that were lost and are not known to be.
pub const MAX_CONNECTIONS: usize = 20;

/// Something has changed. Ids only, never patient data: whoever hears of it reads what is so now, as they may, so it
/// does no harm that news come twice, late or in another order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum News {
    /// An alert was raised, or something about it changed.
    Alert {
        /// The alert.
        alert_id: AlertId,
        /// Its organisation.
        org_id: OrgId,
    },
    /// An alert was removed.
    AlertRemoved {
        /// The alert.
        alert_id: AlertId,
        /// Its organisation.
        org_id: OrgId,
    },
    /// A call came further.
    Call {
        /// The call.
        call_id: CallId,
        /// Its organisation.
        org_id: OrgId,
    },
    /// Somebody speaks in a call, or something more of what is said was written down: for those who watch this one.
    Words {
        /// The call.
        call_id: CallId,
        /// Its organisation.
        org_id: OrgId,
    },
}

impl News {
    /// The organisation that it is about.
    pub const fn org(self) -> OrgId {
        match self {
            Self::Alert { org_id, .. }
            | Self::AlertRemoved { org_id, .. }
            | Self::Call { org_id, .. }
            | Self::Words { org_id, .. } => org_id,
        }
    }

    /// Whether it belongs to a topic.
    pub fn is_of(self, topic: Topic) -> bool {
        match (self, topic) {
            (Self::Alert { .. } | Self::AlertRemoved { .. }, Topic::Alerts) | (Self::Call { .. }, Topic::Calls) => true,
            (Self::Call { call_id, .. } | Self::Words { call_id, .. }, Topic::Call(call)) => call_id == call,
            _ => false,
        }
    }
}

/// What a connection can subscribe to, always within what its caregiver may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// `alerts`: every alert.
    Alerts,
    /// `calls`: how far every call has come.
    Calls,
    /// `call:<id>`: one call, with who is speaking and what is said.
    Call(CallId),
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alerts => f.write_str("alerts"),
            Self::Calls => f.write_str("calls"),
            Self::Call(id) => write!(f, "call:{id}"),
        }
    }
}

impl FromStr for Topic {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unknown = || Error::field("topics", "must each be alerts, calls or call:<id>");
        match text {
            "alerts" => Ok(Self::Alerts),
            "calls" => Ok(Self::Calls),
            other => other.strip_prefix("call:").and_then(|id| id.parse().ok()).map(Self::Call).ok_or_else(unknown),
        }
    }
}

/// Whose news a connection hears: those of an organisation, or of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Those of one organisation.
    Org(OrgId),
    /// Those of every organisation.
    Everybody,
}

impl Audience {
    /// That of a caregiver. It decides only what is looked at: what they may see is asked for every piece of news.
    pub fn of(role: Role, org: OrgId) -> Self {
        if role == Role::SuperAdmin { Self::Everybody } else { Self::Org(org) }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Org(org) => write!(f, "org:{org}"),
            Self::Everybody => f.write_str("everybody"),
        }
    }
}

impl FromStr for Audience {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let org = || text.strip_prefix("org:").and_then(|id| id.parse().ok()).map(Self::Org);
        let nobody = || Error::internal("an audience is written in a way that nobody knows");
        if text == "everybody" { Ok(Self::Everybody) } else { org().ok_or_else(nobody) }
    }
}

/// A screen that watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its id at the gateway.
    pub id: String,
    /// Whose news it hears.
    pub audience: Audience,
    /// Who watches.
    pub caregiver: CaregiverId,
    /// By which sign-in.
    pub session: SessionId,
    /// Until when the token counts that it last showed.
    pub until: Timestamp,
    /// What it wants to hear about.
    pub topics: BTreeSet<Topic>,
}

impl Connection {
    /// Whether it wants to hear of something, and still may.
    pub fn hears(&self, news: News, now: Timestamp) -> bool {
        self.until > now && self.topics.iter().any(|topic| news.is_of(*topic))
    }

    /// Its topics and `more`.
    ///
    /// # Errors
    /// [`Kind::Invalid`](crate::Kind::Invalid) when they are too many.
    pub fn with(&self, more: &BTreeSet<Topic>) -> Result<BTreeSet<Topic>> {
        let all: BTreeSet<Topic> = self.topics.union(more).copied().collect();
        if all.len() > MAX_TOPICS {
            return Err(Error::field("topics", format!("must be at most {MAX_TOPICS} in all")));
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;

    fn call(n: u8) -> CallId {
        CallId(Id::from_bytes([n; 12]))
    }

    fn org() -> OrgId {
        OrgId(Id::from_bytes([9; 12]))
    }

    fn connection(topics: &[Topic]) -> Connection {
        Connection {
            id: "c".to_owned(),
            audience: Audience::Org(org()),
            caregiver: CaregiverId(Id::from_bytes([1; 12])),
            session: SessionId(Id::from_bytes([2; 12])),
            until: Timestamp::from_second(100).unwrap(),
            topics: topics.iter().copied().collect(),
        }
    }

    #[test]
    fn a_topic_reads_as_it_is_written() {
        for topic in [Topic::Alerts, Topic::Calls, Topic::Call(call(7))] {
            assert_eq!(topic.to_string().parse::<Topic>().unwrap(), topic);
        }
        for nonsense in ["", "alert", "call:", "call:7", "calls ", "call:zzzzzzzzzzzzzzzzzzzzzzzz"] {
            assert!(nonsense.parse::<Topic>().is_err(), "{nonsense}");
        }
    }

    #[test]
    fn an_audience_reads_as_it_is_written() {
        for audience in [Audience::Org(org()), Audience::Everybody] {
            assert_eq!(audience.to_string().parse::<Audience>().unwrap(), audience);
        }
        assert!("connection:abc".parse::<Audience>().is_err());
        assert_eq!(Audience::of(Role::SuperAdmin, org()), Audience::Everybody);
        assert_eq!(Audience::of(Role::Staff, org()), Audience::Org(org()));
    }

    #[test]
    fn news_are_heard_by_those_who_asked_and_still_may() {
        let now = Timestamp::from_second(99).unwrap();
        let news = News::Call { call_id: call(7), org_id: org() };
        assert!(connection(&[Topic::Calls]).hears(news, now));
        assert!(connection(&[Topic::Call(call(7))]).hears(news, now));
        assert!(!connection(&[Topic::Call(call(8)), Topic::Alerts]).hears(news, now));
        assert!(!connection(&[]).hears(news, now));
        let words = News::Words { call_id: call(7), org_id: org() };
        assert!(connection(&[Topic::Call(call(7))]).hears(words, now));
        assert!(!connection(&[Topic::Calls]).hears(words, now), "words are for who watches this call");
        assert!(!connection(&[Topic::Calls]).hears(news, Timestamp::from_second(100).unwrap()), "its token ended");
    }

    #[test]
    fn a_connection_has_so_many_topics_and_no_more() {
        let many = |n: u8| (0..n).map(|n| Topic::Call(call(n))).collect::<BTreeSet<_>>();
        let connection = connection(&[Topic::Alerts]);
        assert_eq!(connection.with(&many(19)).unwrap().len(), MAX_TOPICS);
        assert!(connection.with(&many(20)).is_err());
    }

    #[test]
    fn a_message_that_nobody_knows_is_an_error_not_a_panic() {
        let news = News::Call { call_id: call(7), org_id: org() };
        let text = serde_json::to_string(&news).unwrap();
        assert_eq!(serde_json::from_str::<News>(&text).unwrap(), news);
        for text in ["", "{}", r#"{"kind":"call"}"#, r#"{"kind":"party","orgId":"090909090909090909090909"}"#] {
            assert!(serde_json::from_str::<News>(text).is_err(), "{text}");
        }
    }
}
