//! Organisations and who belongs to them.

mod get;
mod invite;
mod list;
mod member;
mod remove;
mod role;
mod run;
mod update;

pub use get::get;
pub use invite::{Invitation, invite};
pub use list::list;
pub use member::{join, leave};
pub use remove::remove;
pub use role::set_role;
pub use update::update;

pub(crate) use invite::ask as ask_again;
pub(crate) use run::counted;

use domain::orgs::Org;
use domain::policy::{self, Action, Resource};
use domain::{Caller, CaregiverId, Error, OrgId, PatientId, Result, Scope};

use crate::Ctx;

/// An organisation with the people in it.
#[derive(Clone, Debug)]
pub struct Described {
    /// The organisation.
    pub org: Org,
    /// Everybody who works there, or is invited to.
    pub caregivers: Vec<CaregiverId>,
    /// Its patients that the caller may see, oldest first.
    pub patients: Vec<PatientId>,
}

/// The organisation, or `org_not_found`: outside the scope none exists.
pub(crate) async fn visible(ctx: &Ctx, scope: &Scope, org: OrgId) -> Result<Org> {
    let found = ctx.store.orgs().find(scope, org).await?;
    found.ok_or_else(nothing)
}

/// The part of a scope that lies in an organisation that exists.
pub(crate) async fn inside(ctx: &Ctx, scope: &Scope, org: OrgId) -> Result<Scope> {
    let org = visible(ctx, scope, org).await?;
    scope.narrowed(org.id).ok_or_else(nothing)
}

fn nothing() -> Error {
    Error::not_found("org_not_found", "There is no such organisation.")
}

/// An organisation that the caller may see, with the people in it.
pub(crate) async fn described(ctx: &Ctx, caller: &Caller, org: Org) -> Result<Described> {
    let scope = policy::grant(caller, Action::Read, Resource::Patient)?.narrowed(org.id).ok_or_else(nothing)?;
    let (caregivers, patients) = (ctx.store.caregivers(), ctx.store.patients());
    let (caregivers, patients) = tokio::try_join!(caregivers.ids_of(org.id), patients.ids(&scope))?;
    Ok(Described { org, caregivers, patients })
}
