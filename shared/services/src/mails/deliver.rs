//! Handing over mails that were put off.

use domain::Result;
use domain::jobs::Job;

use crate::Ctx;

/// Mails handed over in one tick.
const BATCH: u32 = 200;

/// Hands over every mail whose time has come: those that were put off when the mail service did
/// not take them. One that is on its way already is sent once all the same.
///
/// # Errors
/// When the store or the queue does not answer; the next tick tries again.
pub async fn deliver_due(ctx: &Ctx) -> Result<u32> {
    let mut delivered = 0;
    // New ones are handed over by whoever wrote them.
    let overdue = ctx.now() - jiff::SignedDuration::from_mins(1);
    for mail_id in ctx.store.mails().due(overdue, BATCH).await? {
        ctx.queues.send(Job::SendMail { mail_id }).await?;
        delivered += 1;
    }
    Ok(delivered)
}
