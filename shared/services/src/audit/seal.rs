//! Sealing: records move from the inbox to the end of their organisation's chain.

use domain::audit::{GENESIS, Seal, Sealed};
use domain::hex::hex;
use domain::{OrgId, Result};
use jiff::SignedDuration;
use ring::hmac::{self, HMAC_SHA256};
use store::mongo::Audits;

use crate::Ctx;

/// Records sealed in one transaction; a transaction of MongoDB bears 1000 writes well.
const BATCH: u32 = 200;
/// Batches of one organisation before the next one's turn.
const BATCHES: u32 = 25;

/// Makes and checks seals.
pub struct AuditSeals(Vec<hmac::Key>);

impl AuditSeals {
    /// With the configured keys.
    ///
    /// # Panics
    /// When there is no key; [`config::AuditKeys`] never gives none.
    pub fn new(keys: &config::AuditKeys) -> Self {
        assert!(!keys.0.is_empty(), "config::AuditKeys refuses an empty list");
        Self(keys.0.iter().map(|key| hmac::Key::new(HMAC_SHA256, key.key.expose())).collect())
    }

    /// The seal of these bytes.
    pub fn seal(&self, bytes: &[u8]) -> Seal {
        tag(&self.0[0], bytes)
    }

    /// The seal of these bytes as each key makes it.
    pub(crate) fn candidates(&self, bytes: &[u8]) -> Vec<Seal> {
        self.0.iter().map(|key| tag(key, bytes)).collect()
    }
}

fn tag(key: &hmac::Key, bytes: &[u8]) -> Seal {
    hmac::sign(key, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Seals what waits, of every organisation. Gives how many records were sealed. Two sealers at
/// once are harmless: of two who take the same number one is undone.
///
/// # Errors
/// When the store does not answer; what is not sealed waits. When records of one organisation
/// cannot be read, after those of the others were sealed.
pub async fn seal(ctx: &Ctx, seals: &AuditSeals) -> Result<u32> {
    let (mut sealed, mut failed) = (0, None);
    for org in ctx.store.audits().waiting().await? {
        match seal_org(ctx, seals, org).await {
            Ok(count) => sealed += count,
            Err(error) if error.is_passing() => return Err(error),
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(sealed), Err)
}

/// Seals what waits of one organisation.
pub(crate) async fn seal_org(ctx: &Ctx, seals: &AuditSeals, org: Option<OrgId>) -> Result<u32> {
    let mut sealed = 0;
    for _ in 0..BATCHES {
        match batch(ctx, seals, org).await {
            Ok(0) => break,
            Ok(count) => sealed += count,
            // Another sealer is at it; what it leaves is looked at again.
            Err(error) if error.code == "audit_moved_on" => {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(sealed)
}

async fn batch(ctx: &Ctx, seals: &AuditSeals, org: Option<OrgId>) -> Result<u32> {
    let audits = ctx.store.audits();
    let records = audits.inbox(org, BATCH).await?;
    let Some(newest) = records.last().map(|record| record.at) else { return Ok(0) };
    let (mut seq, mut before) = audits.end(org).await?.unwrap_or((0, GENESIS));
    let mut writes = Vec::with_capacity(records.len() * 2);
    for record in records {
        seq += 1;
        before = seals.seal(&record.bytes(seq, &before));
        writes.extend(Audits::seal(&Sealed { record, seq, seal: before })?);
    }
    let count = u32::try_from(writes.len() / 2).unwrap_or(u32::MAX);
    ctx.store.commit(writes).await?;
    // Outside the database, where who can change the chain cannot change this: the end of a chain
    // that is cut off is found by it (docs/operations.md).
    let org = org.map_or_else(|| "none".to_owned(), |org| org.to_string());
    let seal = hex(&before);
    tracing::info!(org, seq, seal, "audit sealed");
    if ctx.now().duration_since(newest) > SignedDuration::from_mins(10) {
        tracing::warn!(org, "audit records waited long to be sealed");
    }
    Ok(count)
}
