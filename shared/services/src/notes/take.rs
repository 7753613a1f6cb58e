//! Taking a note.

use domain::calls::Call;
use domain::notes::{self, Note};
use domain::{NoteId, Phi, Result};
use store::mongo::Notes;

use crate::Ctx;
use crate::audit::{self, Action, Subject};

/// Takes a note in a call. The same key again takes none: the first stays.
///
/// # Errors
/// As [`notes::checked`]; when the store does not answer.
pub async fn take(ctx: &Ctx, call: &Call, key: &str, text: Phi<String>) -> Result<()> {
    let now = ctx.now();
    let note = Note {
        id: NoteId::generate(now, &*ctx.random),
        org: call.org,
        patient: call.patient,
        call: call.id,
        key: key.to_owned(),
        text: notes::checked(&text)?,
        taken_at: now,
    };
    let noted = audit::by_system(ctx, "take a note", call.org, Action::Create, Subject::Note, call.id)?;
    ctx.store.commit([Notes::add_once(&note)?, noted]).await
}
