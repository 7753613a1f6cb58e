//! Who is asking.

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

/// A signed-in caregiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    /// Who.
    pub caregiver: CaregiverId,
    /// Of which organisation.
    pub org: OrgId,
    /// With which rights; read from the account, not from the token.
    pub role: Role,
    /// By which sign-in.
    pub session: SessionId,
}

/// Turns an access token into a [`Caller`]; implemented by the services, used by the HTTP layer,
/// so that neither knows the other.
pub trait Authenticate: Clone + Send + Sync + 'static {
    /// # Errors
    /// [`Kind::Unauthenticated`](crate::Kind::Unauthenticated) when the token is not good any more,
    /// [`Kind::Unavailable`](crate::Kind::Unavailable) when that cannot be found out.
    fn authenticate(&self, token: &Secret) -> impl Future<Output = Result<Caller>> + Send;
}
