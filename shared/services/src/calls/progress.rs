//! A call comes further.

use domain::calls::{Call, Status};
use domain::conversations::Conversation;
use domain::{Language, Result};
use store::mongo::{Calls, Conversations};

use crate::Ctx;

/// Moves a call on; when it is answered its conversation begins in the same transaction. A report
/// that comes late or twice changes nothing.
///
/// # Errors
/// `call_moved_on` when somebody else changed the call: then it was ended.
pub async fn progress(ctx: &Ctx, call: &mut Call, status: Status, language: Language) -> Result<()> {
    let now = ctx.now();
    let mut after = call.clone();
    if !after.advance(status, now) {
        return Ok(());
    }
    let mut writes = vec![Calls::change(call, &after)?];
    if status == Status::Connected {
        let conversation = Conversation {
            id: call.id,
            org: call.org,
            patient: call.patient,
            language,
            started_at: now,
            summary: None,
        };
        writes.push(Conversations::begin(&conversation)?);
    }
    ctx.store.commit(writes).await?;
    *call = after;
    Ok(())
}
