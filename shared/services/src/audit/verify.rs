//! Verifying chains.

use domain::audit::{Fault, Seal, Verifier};
use domain::policy::{self, Action, Resource};
use domain::{Caller, OrgId, Result};

use super::seal::{AuditSeals, seal_org};
use super::{by, noted};
use crate::Ctx;

/// Records read at once.
const BATCH: u32 = 500;

/// What became of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whose; `None` for what belongs to no organisation.
    pub org: Option<OrgId>,
    /// Records that were checked.
    pub checked: u64,
    /// What is wrong; empty when all is well.
    pub faults: Vec<Fault>,
}

/// Verifies the chain of the caller's organisation.
///
/// # Errors
/// `role_not_allowed`; when the store does not answer.
pub async fn verify(ctx: &Ctx, seals: &AuditSeals, caller: &Caller) -> Result<Report> {
    let scope = policy::grant(caller, Action::Read, Resource::Audit)?;
    let org = scope.org().unwrap_or(caller.org);
    noted(ctx, &by(ctx, caller, domain::audit::Action::Read, domain::audit::Subject::Audit).within(org)).await?;
    seal_org(ctx, seals, Some(org)).await?;
    check(ctx, seals, Some(org), None).await
}

/// Verifies every chain. `reaches` is the number that the log says a chain has reached.
///
/// # Errors
/// When the store does not answer.
pub async fn verify_all(ctx: &Ctx, seals: &AuditSeals, reaches: Option<(OrgId, u64)>) -> Result<Vec<Report>> {
    let mut reports = Vec::new();
    let mut chains = ctx.store.audits().chains().await?;
    // A chain that is gone as a whole is missed too.
    if let Some((org, _)) = reaches.filter(|(org, _)| !chains.contains(&Some(*org))) {
        chains.push(Some(org));
    }
    for org in chains {
        let reaches = reaches.filter(|(whose, _)| Some(*whose) == org).map(|(_, seq)| seq);
        reports.push(check(ctx, seals, org, reaches).await?);
    }
    Ok(reports)
}

async fn check(ctx: &Ctx, seals: &AuditSeals, org: Option<OrgId>, reaches: Option<u64>) -> Result<Report> {
    let good = |bytes: &[u8], seal: &Seal| seals.candidates(bytes).contains(seal);
    let mut verifier = Verifier::new(&good);
    let mut after = 0;
    loop {
        let records = ctx.store.audits().chain(org, after, BATCH).await?;
        let Some(last) = records.last() else { break };
        after = last.seq;
        for sealed in &records {
            verifier.next(sealed);
        }
    }
    let (checked, faults) = verifier.finish(reaches);
    Ok(Report { org, checked, faults })
}
