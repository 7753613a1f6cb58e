//! Changing an organisation.

use domain::audit::{self, Subject};
use domain::jobs::Job;
use domain::orgs::Change;
use domain::policy::{self, Action, Resource};
use domain::{Caller, OrgId, Result};
use store::mongo::Orgs;

use super::{Described, described, visible};
use crate::audit::{by, note, watch};
use crate::{Ctx, outbox};

/// Changes an organisation. Two who change different things at the same time both succeed. With another clock go, within
/// moments, the schedules that have none of their own.
///
/// # Errors
/// `org_not_found` outside the caller's scope; as [`Change::onto`].
pub async fn update(ctx: &Ctx, caller: &Caller, org: OrgId, change: Change) -> Result<Described> {
    let work = async {
        let scope = policy::grant(caller, Action::Update, Resource::Org)?;
        let before = visible(ctx, &scope, org).await?;
        let after = change.onto(&before)?;
        let record = by(ctx, caller, audit::Action::Update, Subject::Org).about([org]).within(org);
        let mut writes = vec![Orgs::alter(&before, &after, ctx.now())?, note(&record)?];
        let moved = if after.zone == before.zone {
            None
        } else {
            let (pending, job) = outbox::prepare(ctx, Job::MoveSchedules { org_id: org })?;
            writes.push(job);
            Some(pending)
        };
        ctx.store.commit(writes).await?;
        outbox::hand_over(ctx, moved).await;
        described(ctx, caller, visible(ctx, &scope, org).await?).await
    };
    watch(ctx, caller, audit::Action::Update, Subject::Org, org, work).await
}
