//! Looking through phrases.

use std::collections::BTreeMap;

use domain::audit::{self, Subject};
use domain::phrases::Phrase;
use domain::policy::{self, Action, Resource};
use domain::{Caller, Language, Page, PageRequest, PhraseId, Result};
use store::mongo::Kinds;

use super::{Signed, signed, signed_one, visible};
use crate::Ctx;
use crate::audit::{by, look, noted, watch};

/// The phrases that statistics name as used most.
const MOST_USED: usize = 10;

/// One phrase.
///
/// # Errors
/// `phrase_not_found` outside the caller's scope.
pub async fn get(ctx: &Ctx, caller: &Caller, id: PhraseId) -> Result<Signed> {
    let work = async {
        let scope = policy::grant(caller, Action::Read, Resource::Phrase)?;
        let phrase = visible(ctx, &scope, id).await?;
        Ok((phrase.org, signed_one(ctx, phrase).await?))
    };
    look(ctx, caller, Subject::Phrase, id, work).await
}

/// A page of the phrases of the caller's organisation.
///
/// # Errors
/// `role_not_allowed`.
pub async fn list(ctx: &Ctx, caller: &Caller, kinds: Kinds, request: &PageRequest) -> Result<Page<Signed>> {
    let work = async {
        policy::grant(caller, Action::Read, Resource::Phrase)?;
        let page = ctx.store.phrases().list(caller.org, kinds, request).await?;
        let mut rows = signed(ctx, page.results.clone()).await?.into_iter();
        Ok(page.map(|_| rows.next().expect("as many as there were")))
    };
    let page = watch(ctx, caller, audit::Action::Read, Subject::Phrase, "list", work).await?;
    let record = by(ctx, caller, audit::Action::Read, Subject::Phrase).within(caller.org);
    noted(ctx, &record.about(page.results.iter().map(|signed| signed.phrase.id))).await?;
    Ok(page)
}

/// All phrases of these kinds of the caller's organisation, in the order of their words.
///
/// # Errors
/// `role_not_allowed`.
pub async fn every(ctx: &Ctx, caller: &Caller, kinds: Kinds) -> Result<Vec<Signed>> {
    let work = async {
        policy::grant(caller, Action::Read, Resource::Phrase)?;
        let found = ctx.store.phrases().every(caller.org, kinds).await?;
        signed(ctx, found).await
    };
    let found = watch(ctx, caller, audit::Action::Read, Subject::Phrase, "every", work).await?;
    noted(ctx, &by(ctx, caller, audit::Action::Read, Subject::Phrase).within(caller.org).about(["every"])).await?;
    Ok(found)
}

/// How many phrases of which kind an organisation has, and which led to alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// All.
    pub total: u64,
    /// Those that are looked for.
    pub active: u64,
    /// Alerts that they led to.
    pub used: u64,
    /// By language.
    pub by_language: BTreeMap<&'static str, u64>,
    /// By severity.
    pub by_severity: BTreeMap<&'static str, u64>,
    /// By category.
    pub by_category: BTreeMap<&'static str, u64>,
    /// Those that led to alerts, most of them first.
    pub most_used: Vec<Phrase>,
}

/// The figures of the caller's organisation, of one language or of all.
///
/// # Errors
/// `role_not_allowed`.
pub async fn statistics(ctx: &Ctx, caller: &Caller, language: Option<Language>) -> Result<Statistics> {
    let work = async {
        policy::grant(caller, Action::Read, Resource::Phrase)?;
        ctx.store.phrases().every(caller.org, Kinds { language, ..Kinds::default() }).await
    };
    let found = watch(ctx, caller, audit::Action::Read, Subject::Phrase, "statistics", work).await?;
    let mut statistics = Statistics::default();
    for Phrase { draft, usage_count, .. } in &found {
        statistics.total += 1;
        statistics.active += u64::from(draft.active);
        statistics.used += usage_count;
        *statistics.by_language.entry(draft.language.code()).or_default() += 1;
        *statistics.by_severity.entry(draft.severity.as_str()).or_default() += 1;
        *statistics.by_category.entry(draft.category.as_str()).or_default() += 1;
    }
    let mut used: Vec<_> = found.into_iter().filter(|phrase| phrase.usage_count > 0).collect();
    used.sort_by(|one, other| {
        other.usage_count.cmp(&one.usage_count).then_with(|| one.draft.phrase.cmp(&other.draft.phrase))
    });
    statistics.most_used = used.into_iter().take(MOST_USED).collect();
    Ok(statistics)
}
