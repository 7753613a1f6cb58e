//! Verifying chains.

use domain::audit::{Findings, Link, Seal, Verifier};
use domain::{Caller, OrgId, Result};
use store::Store;

use super::list::looked_at;
use super::seal::{AuditSeals, seal_org};
use crate::AuditCtx;

/// Records read at once.
const BATCH: u32 = 500;
/// Records that are checked while somebody waits for the answer, the newest ones.
const MOST: u64 = 100_000;

/// What became of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whose; `None` for what belongs to no organisation.
    pub org: Option<OrgId>,
    /// What was found out about it.
    pub findings: Findings,
}

/// Verifies the chain of an organisation, the caller's own unless another is named: its newest
/// 100,000 records. The command that verifies every chain verifies all of them.
///
/// # Errors
/// `role_not_allowed`; `org_not_found` outside the caller's scope; when the store does not answer.
pub async fn verify(ctx: &AuditCtx, caller: &Caller, org: Option<OrgId>) -> Result<Report> {
    let org = looked_at(ctx, caller, org, None).await?;
    seal_org(ctx, &ctx.seals, Some(org)).await?;
    let end = ctx.store.audits().end(Some(org)).await?.map_or(0, |(seq, _)| seq);
    check(&ctx.store, &ctx.seals, Some(org), end.saturating_sub(MOST), None).await
}

/// Verifies every chain. `reaches` are the numbers that the log says chains have reached. Changes
/// nothing and needs nothing but the documents.
///
/// # Errors
/// When the store does not answer.
pub async fn verify_all(store: &Store, seals: &AuditSeals, reaches: &[(Option<OrgId>, u64)]) -> Result<Vec<Report>> {
    let mut chains = store.audits().chains().await?;
    // A chain that is gone as a whole is missed too.
    chains.extend(reaches.iter().map(|(org, _)| *org));
    chains.sort_unstable();
    chains.dedup();
    let mut reports = Vec::new();
    for org in chains {
        let reached = reaches.iter().filter(|(whose, _)| *whose == org).map(|(_, seq)| *seq).max();
        reports.push(check(store, seals, org, 0, reached).await?);
    }
    Ok(reports)
}

async fn check(
    store: &Store,
    seals: &AuditSeals,
    org: Option<OrgId>,
    mut after: u64,
    reaches: Option<u64>,
) -> Result<Report> {
    let good = |bytes: &[u8], seal: &Seal| seals.candidates(bytes).contains(seal);
    let mut verifier = Verifier::new(&good);
    loop {
        let links = store.audits().chain(org, after, BATCH).await?;
        for link in &links {
            verifier.next(link);
        }
        match links.last().map(Link::seq) {
            Some(last) if last > after => after = last,
            // Or its number is none any more; that was noted, and nothing can be found after it.
            _ => break,
        }
    }
    Ok(Report { org, findings: verifier.finish(reaches) })
}
