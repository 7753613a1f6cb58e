//! Adding a phrase.

use domain::audit::{self, Subject};
use domain::phrases::{Draft, MOST, Phrase};
use domain::policy::{self, Action, Resource};
use domain::{Caller, Error, Language, OrgId, PhraseId, Result};
use store::mongo::Phrases;

use super::{Signed, signed_one};
use crate::Ctx;
use crate::audit::{by, note, watch};

/// Adds a phrase to the caller's organisation. Calls that begin from now on listen for it.
///
/// # Errors
/// As [`Draft::checked`]; `phrase_taken`; `too_many_phrases` when the organisation has [`MOST`] in the language;
/// `role_not_allowed`.
pub async fn create(ctx: &Ctx, caller: &Caller, draft: Draft) -> Result<Signed> {
    let work = async {
        policy::grant(caller, Action::Create, Resource::Phrase)?;
        let draft = draft.checked()?;
        has_room(ctx, caller.org, draft.language).await?;
        let phrase = new(ctx, caller, draft);
        let record = by(ctx, caller, audit::Action::Create, Subject::Phrase).within(caller.org).about([phrase.id]);
        ctx.store.commit([Phrases::add(&phrase)?, note(&record)?]).await?;
        signed_one(ctx, phrase).await
    };
    watch(ctx, caller, audit::Action::Create, Subject::Phrase, "new", work).await
}

/// Whether an organisation may have another phrase in a language.
pub(super) async fn has_room(ctx: &Ctx, org: OrgId, language: Language) -> Result<()> {
    let have = ctx.store.phrases().count(org, language).await?;
    if have >= MOST as u64 { Err(too_many()) } else { Ok(()) }
}

pub(super) fn new(ctx: &Ctx, caller: &Caller, draft: Draft) -> Phrase {
    let now = ctx.now();
    Phrase {
        id: PhraseId::generate(now, &*ctx.random),
        org: caller.org,
        draft,
        created_by: caller.caregiver,
        modified_by: caller.caregiver,
        usage_count: 0,
        last_used: None,
        created_at: now,
        updated_at: now,
    }
}

pub(super) fn too_many() -> Error {
    Error::conflict("too_many_phrases", format!("There can be at most {MOST} phrases in a language."))
}
