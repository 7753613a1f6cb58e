//! Phrases of an organisation: what its patients say in an emergency.

mod change;
mod create;
mod import;
mod list;

pub use change::{Change, remove, toggle, update};
pub use create::create;
pub use import::{Imported, READING, Refused, import};
pub use store::mongo::Kinds;

pub use list::{Statistics, every, get, list, statistics};

use std::collections::HashMap;

use domain::audit;
use domain::caregivers::Caregiver;
use domain::phrases::{Found, Pattern, Phrase};
use domain::policy::{self, Action, Resource};
use domain::{Caller, CaregiverId, Error, PhraseId, Result, Scope};

use crate::Ctx;
use crate::audit::{Subject, watch};

/// A phrase and who wrote and changed it, as far as they are still there.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The phrase.
    pub phrase: Phrase,
    /// Who wrote it.
    pub created_by: Option<Caregiver>,
    /// Who changed it last.
    pub modified_by: Option<Caregiver>,
}

/// Whether and where an expression is found in a text; nothing is kept of either.
///
/// # Errors
/// As [`Pattern::read`]; `role_not_allowed`.
pub async fn test(ctx: &Ctx, caller: &Caller, pattern: &str, text: &str) -> Result<Option<Found>> {
    let work = async {
        policy::grant(caller, Action::Read, Resource::Phrase)?;
        Ok(Pattern::read(pattern)?.find(text))
    };
    watch(ctx, caller, audit::Action::Read, Subject::Phrase, "test", work).await
}

async fn visible(ctx: &Ctx, scope: &Scope, phrase: PhraseId) -> Result<Phrase> {
    let found = ctx.store.phrases().find(scope, phrase).await?;
    found.ok_or_else(|| Error::not_found("phrase_not_found", "There is no such phrase."))
}

async fn signed(ctx: &Ctx, phrases: Vec<Phrase>) -> Result<Vec<Signed>> {
    let mut ids: Vec<CaregiverId> = phrases.iter().flat_map(|phrase| [phrase.created_by, phrase.modified_by]).collect();
    ids.sort_unstable();
    ids.dedup();
    // Who signed is told to whoever may read the phrase, whatever organisation a platform operator is of.
    let system = policy::system("name who wrote a phrase");
    let people = ctx.store.caregivers().among(&system, &ids).await?;
    let people: HashMap<CaregiverId, Caregiver> = people.into_iter().map(|person| (person.id, person)).collect();
    let sign = |phrase: Phrase| Signed {
        created_by: people.get(&phrase.created_by).cloned(),
        modified_by: people.get(&phrase.modified_by).cloned(),
        phrase,
    };
    Ok(phrases.into_iter().map(sign).collect())
}

async fn signed_one(ctx: &Ctx, phrase: Phrase) -> Result<Signed> {
    let mut signed = signed(ctx, vec![phrase]).await?;
    signed.pop().ok_or_else(|| Error::internal("a phrase was lost on its way"))
}
