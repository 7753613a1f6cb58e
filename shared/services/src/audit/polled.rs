//! Lists that an open screen asks for again and again.

use domain::{Caller, OrgId, Result};
use ring::digest::{SHA256, digest};

use super::{Action, OPEN_SCREEN, Subject, by, noted, watch};
use crate::Ctx;

/// Looks through a list of something that is polled and notes what was seen in it, or that it was refused: once
/// for a sign-in and the things that were seen, and again as soon as there is another among them.
/// `seen` gives whose they are and which.
pub(crate) async fn look_through<T: Send + Sync>(
    ctx: &Ctx,
    caller: &Caller,
    subject: Subject,
    of: impl ToString + Send,
    work: impl Future<Output = Result<T>> + Send,
    seen: impl Fn(&T) -> (OrgId, Vec<String>) + Send,
) -> Result<T> {
    let found = watch(ctx, caller, Action::Read, subject, of, work).await?;
    let (org, ids) = seen(&found);
    let key = key(caller, subject, org, &ids);
    if ctx.cache.is_first(&key, OPEN_SCREEN).await {
        let record = by(ctx, caller, Action::Read, subject).within(org).about(ids);
        if let Err(error) = noted(ctx, &record).await {
            ctx.cache.forget(&key).await;
            return Err(error);
        }
    }
    Ok(found)
}

fn key(caller: &Caller, subject: Subject, org: OrgId, ids: &[String]) -> String {
    let digest = digest(&SHA256, format!("{org}:{}", ids.join(",")).as_bytes());
    let name: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("seen:{}:{subject:?}:{name}", caller.session)
}
