//! Lists that an open screen asks for again and again.

use domain::hex::hex;
use domain::{Caller, OrgId, Result};
use ring::digest::{SHA256, digest};

use super::{Action, OPEN_SCREEN, Subject, saw, watch};
use crate::Ctx;

/// Looks through a list of something that is polled and notes what was seen in it, or that it was refused: once
/// for a sign-in and the things that were seen, and again as soon as there is another among them.
/// `seen` gives whose they are and which.
pub(crate) async fn look_through<T: Send + Sync, I: ToString + Send>(
    ctx: &Ctx,
    caller: &Caller,
    subject: Subject,
    of: impl ToString + Send,
    work: impl Future<Output = Result<T>> + Send,
    seen: impl Fn(&T) -> Vec<(OrgId, I)> + Send,
) -> Result<T> {
    let found = watch(ctx, caller, Action::Read, subject, of, work).await?;
    let seen = seen(&found);
    let key = key(caller, subject, &seen);
    if !ctx.cache.is_marked(&key).await {
        // Marked afterwards: whoever dies in between has noted it, and it is noted twice at worst.
        saw(ctx, caller, subject, seen).await?;
        ctx.cache.mark(&key, OPEN_SCREEN).await;
    }
    Ok(found)
}

fn key<I: ToString>(caller: &Caller, subject: Subject, seen: &[(OrgId, I)]) -> String {
    let ids = seen.iter().fold(String::new(), |ids, (org, id)| ids + &format!("{org}:{},", id.to_string()));
    format!("seen:{}:{subject:?}:{}", caller.session, hex(&digest(&SHA256, ids.as_bytes()).as_ref()[..16]))
}
