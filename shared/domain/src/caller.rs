//! Who is asking, and from where.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::id::{CaregiverId, OrgId, SessionId};
use crate::secret::Secret;

/// What a caregiver may do; the rights are in [`policy`](crate::policy).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Has an invitation and nothing else.
    Invited,
    /// Cares for the patients assigned to them.
    Staff,
    /// Runs an organisation.
    OrgAdmin,
    /// Runs the platform; made only by an operator command.
    SuperAdmin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Invited, Self::Staff, Self::OrgAdmin, Self::SuperAdmin];

    /// As JSON and the store write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Staff => "staff",
            Self::OrgAdmin => "orgAdmin",
            Self::SuperAdmin => "superAdmin",
        }
    }
}

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's network address as the gateway saw it; a header of the client is not believed.
    pub address: Option<IpAddr>,
    /// What the client calls itself (`User-Agent`), at most 200 characters.
    pub device: Option<String>,
    /// The request's id in our logs.
    pub request: String,
}

impl Origin {
    /// The network the address belongs to: one customer holds a whole IPv6 /64 (RFC 6177), so
    /// counting single addresses of it counts nothing.
    pub fn network(&self) -> String {
        match self.address {
            None => "unknown".to_owned(),
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                let network = || format!("{a:x}:{b:x}:{c:x}:{d:x}::/64");
                address.to_ipv4_mapped().map_or_else(network, |address| address.to_string())
            }
        }
    }
}

/// A signed-in caregiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub caregiver: CaregiverId,
    /// Of which organisation.
    pub org: OrgId,
    /// With which rights; read from the account, not from the token.
    pub role: Role,
    /// By which sign-in.
    pub session: SessionId,
    /// From where.
    pub origin: Origin,
}

/// Whether a request shows that somebody sits there, or only that an app is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Somebody did something: the idle time begins anew.
    Person,
    /// The app asked by itself.
    Poll,
}

/// Turns an access token into a [`Caller`]; implemented by the services, used by the HTTP layer,
/// so that neither knows the other.
pub trait Authenticate: Clone + Send + Sync + 'static {
    /// # Errors
    /// [`Kind::Unauthenticated`](crate::Kind::Unauthenticated) when the token is not good any more,
    /// [`Kind::Unavailable`](crate::Kind::Unavailable) when that cannot be found out.
    fn authenticate(
        &self,
        token: &Secret,
        origin: Origin,
        activity: Activity,
    ) -> impl Future<Output = Result<Caller>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("203.0.113.7" => "203.0.113.7"; "an address")]
    #[test_case("::ffff:203.0.113.7" => "203.0.113.7"; "the same written as the other kind")]
    #[test_case("2001:db8:1:2:3:4:5:6" => "2001:db8:1:2::/64"; "a customer's network")]
    fn network(address: &str) -> String {
        Origin { address: Some(address.parse().unwrap()), ..Origin::default() }.network()
    }
}
