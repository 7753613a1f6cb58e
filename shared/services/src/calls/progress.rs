//! A call comes further.

use domain::calls::{Call, Status};
use domain::conversations::Conversation;
use domain::{Error, Language, Result};
use jiff::Timestamp;
use store::mongo::{Calls, Conversations};

use super::{current, moved_on};
use crate::audit::{self, Action, Subject};
use crate::{Ctx, live};

/// Moves a call on to what it reached at `at`; when it is answered its conversation begins in the
/// same transaction. A report that comes late or twice changes nothing, and neither does one that
/// was written although its answer got lost.
///
/// # Errors
/// `call_ended` when somebody ended the call meanwhile.
pub async fn progress(ctx: &Ctx, call: &mut Call, status: Status, language: Language, at: Timestamp) -> Result<()> {
    loop {
        let mut after = call.clone();
        if !after.advance(status, at) {
            break;
        }
        let mut writes = vec![Calls::change(call, &after)?];
        if status == Status::Connected {
            let conversation = Conversation {
                id: call.id,
                org: call.org,
                patient: call.patient,
                language,
                started_at: at,
                summary: None,
            };
            writes.push(Conversations::begin(&conversation)?);
            writes.push(audit::by_system(
                ctx,
                "write down what is said",
                call.org,
                Action::Create,
                Subject::Conversation,
                call.id,
            )?);
        }
        match ctx.store.commit(writes).await {
            Ok(()) => {
                *call = after;
                live::call(ctx, call).await;
                return Ok(());
            }
            Err(error) if moved_on(&error) => {}
            Err(error) => return Err(error),
        }
        match current(ctx, call.id).await? {
            // It only ever moves forward, so this ends.
            Some(now) if now.status != call.status => *call = now,
            _ => return Err(Error::conflict("call_ended", "The call is gone.")),
        }
    }
    if call.is_live() { Ok(()) } else { Err(Error::conflict("call_ended", "The call was ended meanwhile.")) }
}
