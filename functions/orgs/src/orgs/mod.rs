//! `/v1/orgs`.

pub(crate) mod get;
pub(crate) mod invite;
pub(crate) mod list;
pub(crate) mod member;
pub(crate) mod remove;
pub(crate) mod role;
pub(crate) mod update;

use api::v1::OrgBody;
use services::orgs::Described;

fn body(found: &Described) -> OrgBody {
    OrgBody::new(&found.org, &found.caregivers, found.patients.iter().copied())
}
