//! Changing and removing phrases.

use domain::audit::{self, Subject};
use domain::emergencies::Severity;
use domain::phrases::{Category, Draft, Phrase};
use domain::policy::{self, Action, Resource};
use domain::{Caller, Language, PhraseId, Result};
use store::mongo::Phrases;

use super::create::has_room;
use super::{Signed, signed_one, visible};
use crate::Ctx;
use crate::audit::{by, note, watch};

/// What is to be different: `None` leaves a value.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Its words.
    pub phrase: Option<String>,
    /// Its language.
    pub language: Option<Language>,
    /// Its severity.
    pub severity: Option<Severity>,
    /// Its category.
    pub category: Option<Category>,
    /// Its expression.
    pub pattern: Option<String>,
    /// Whether it is looked for.
    pub active: Option<bool>,
    /// Its description; `Some(None)` removes it.
    pub description: Option<Option<String>>,
    /// Its tags.
    pub tags: Option<Vec<String>>,
}

/// Changes a phrase. Calls that begin from now on listen for it as it is then.
///
/// # Errors
/// `phrase_not_found` outside the caller's scope; `phrase_taken`; `too_many_phrases` in its new language; as
/// [`Draft::checked`].
pub async fn update(ctx: &Ctx, caller: &Caller, phrase: PhraseId, change: Change) -> Result<Signed> {
    altered(ctx, caller, phrase, |was| Draft {
        phrase: change.phrase.unwrap_or(was.phrase),
        language: change.language.unwrap_or(was.language),
        severity: change.severity.unwrap_or(was.severity),
        category: change.category.unwrap_or(was.category),
        pattern: change.pattern.unwrap_or(was.pattern),
        active: change.active.unwrap_or(was.active),
        description: change.description.unwrap_or(was.description),
        tags: change.tags.unwrap_or(was.tags),
    })
    .await
}

/// Makes a phrase looked for that was not, or the other way round.
///
/// # Errors
/// As [`update`].
pub async fn toggle(ctx: &Ctx, caller: &Caller, phrase: PhraseId) -> Result<Signed> {
    altered(ctx, caller, phrase, |was| Draft { active: !was.active, ..was }).await
}

async fn altered(
    ctx: &Ctx,
    caller: &Caller,
    id: PhraseId,
    alter: impl FnOnce(Draft) -> Draft + Send,
) -> Result<Signed> {
    let work = async {
        let scope = policy::grant(caller, Action::Update, Resource::Phrase)?;
        let before = visible(ctx, &scope, id).await?;
        let now = ctx.now();
        let draft = alter(before.draft.clone()).checked()?;
        if draft.language != before.draft.language {
            has_room(ctx, before.org, draft.language).await?;
        }
        let after = Phrase { draft, modified_by: caller.caregiver, updated_at: now, ..before.clone() };
        let record = by(ctx, caller, audit::Action::Update, Subject::Phrase).within(before.org).about([id]);
        ctx.store.commit([Phrases::alter(&before, &after, now)?, note(&record)?]).await?;
        signed_one(ctx, after).await
    };
    watch(ctx, caller, audit::Action::Update, Subject::Phrase, id, work).await
}

/// Removes a phrase. Alerts that it led to stay.
///
/// # Errors
/// `phrase_not_found` outside the caller's scope, and for one that was removed before.
pub async fn remove(ctx: &Ctx, caller: &Caller, id: PhraseId) -> Result<()> {
    let work = async {
        let scope = policy::grant(caller, Action::Delete, Resource::Phrase)?;
        let phrase = visible(ctx, &scope, id).await?;
        let record = by(ctx, caller, audit::Action::Delete, Subject::Phrase).within(phrase.org).about([id]);
        ctx.store.commit([Phrases::remove(&phrase), note(&record)?]).await
    };
    watch(ctx, caller, audit::Action::Delete, Subject::Phrase, id, work).await
}
