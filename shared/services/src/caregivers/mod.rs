//! The people who sign in.

mod change;
mod get;
mod lapse;
mod list;
mod operator;
mod patients;
mod remove;
mod update;

pub use get::get;
pub(crate) use lapse::lapse;
pub use list::{Wanted, list};
pub use operator::set_operator;
pub use patients::patients;
pub use remove::remove;
pub use update::{NewPassword, update};

use domain::caregivers::{Caregiver, Credentials};
use domain::policy::{self, Action, Resource};
use domain::{Caller, CaregiverId, Error, Language, PatientId, Result, Role, Scope};

use crate::Ctx;

/// What the caller's own account counts as, and anybody else's.
fn resource(caller: &Caller, caregiver: CaregiverId) -> Resource {
    if caller.caregiver == caregiver { Resource::Profile } else { Resource::Caregiver }
}

/// The caregiver, or `caregiver_not_found`: outside the scope nobody exists.
pub(crate) async fn visible(ctx: &Ctx, scope: &Scope, caregiver: CaregiverId) -> Result<Caregiver> {
    ctx.store.caregivers().find(scope, caregiver).await?.ok_or_else(nobody)
}

/// The same with what opens the account, and never from the cache: for who decides by it.
pub(crate) async fn account(ctx: &Ctx, scope: &Scope, caregiver: CaregiverId) -> Result<(Caregiver, Credentials)> {
    let found = ctx.store.caregivers().account(caregiver).await?;
    found.filter(|(found, _)| scope.org().is_none_or(|org| org == found.org)).ok_or_else(nobody)
}

fn nobody() -> Error {
    Error::not_found("caregiver_not_found", "There is no such caregiver.")
}

/// A platform operator belongs to an organisation too; its administrators must not manage them.
pub(crate) fn may_manage(caller: &Caller, caregiver: &Caregiver) -> Result<()> {
    let operator = caregiver.role == Role::SuperAdmin && caller.role != Role::SuperAdmin;
    if operator { Err(Error::forbidden("role_not_allowed", "Your role does not allow this.")) } else { Ok(()) }
}

/// One with the patients assigned to them that the caller may see.
pub(crate) async fn with_patients(
    ctx: &Ctx,
    caller: &Caller,
    caregiver: Caregiver,
) -> Result<(Caregiver, Vec<PatientId>)> {
    let mut one = all_with_patients(ctx, caller, vec![caregiver]).await?;
    Ok(one.swap_remove(0))
}

/// Those of one organisation, each with the patients assigned to them that the caller may see.
async fn all_with_patients(
    ctx: &Ctx,
    caller: &Caller,
    caregivers: Vec<Caregiver>,
) -> Result<Vec<(Caregiver, Vec<PatientId>)>> {
    let scope = policy::grant(caller, Action::Read, Resource::Patient)?;
    let Some(scope) = caregivers.first().and_then(|first| scope.narrowed(first.org)) else { return Ok(Vec::new()) };
    let ids: Vec<_> = caregivers.iter().map(|caregiver| caregiver.id).collect();
    let pairs = ctx.store.patients().assigned_to(&scope, &ids).await?;
    let assigned = |caregiver| pairs.iter().filter(move |(other, _)| *other == caregiver).map(|(_, patient)| *patient);
    let paired = caregivers.into_iter().map(|caregiver| (caregiver.id, caregiver));
    Ok(paired.map(|(id, caregiver)| (caregiver, assigned(id).collect())).collect())
}

/// The language the caller reads.
///
/// # Errors
/// When the store does not answer.
pub async fn language(ctx: &Ctx, caller: &Caller) -> Result<Language> {
    let system = domain::policy::system("answer in the caller's language");
    let found = ctx.store.caregivers().find(&system, caller.caregiver).await?;
    Ok(found.map(|caregiver| caregiver.language).unwrap_or_default())
}

/// The caller's name.
///
/// # Errors
/// When the store does not answer.
pub async fn name(ctx: &Ctx, caller: &Caller) -> Result<Option<String>> {
    let system = domain::policy::system("tell the caller's name");
    Ok(ctx.store.caregivers().find(&system, caller.caregiver).await?.map(|caregiver| caregiver.name))
}
