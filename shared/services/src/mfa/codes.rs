//! Codes: TOTP (RFC 6238) and backup codes.

use domain::caregivers::Caregiver;
use domain::hex::hex;
use domain::{Error, Random, Result, Secret};
use totp_rs::{Builder, Secret as Base32, Totp};

use crate::{AccountCtx, Use};

/// A code of the step before or after is taken too: clocks differ, and people type slowly.
const SKEW: u16 = 1;
/// Seconds a code is shown.
const STEP: u64 = 30;
/// Backup codes that an account gets.
const BACKUP_CODES: usize = 10;

/// What a code turned out to be.
pub(crate) enum Shown {
    /// The authenticator's, of this time step.
    Step(u64),
    /// A backup code; its hash.
    Backup(String),
}

/// The code of the error of every code that is not good.
pub(crate) const WRONG: &str = "mfa_code_wrong";

/// The error of every code that is not good.
pub(crate) fn wrong() -> Error {
    Error::unauthenticated(WRONG, "That code is not right. Please try the next one.")
}

/// A new secret of 160 bits (RFC 4226, 4, R6), in base32.
pub(crate) fn new_secret(random: &dyn Random) -> Secret {
    let mut bytes = [0; 20];
    random.fill(&mut bytes);
    Secret::new(Base32::new_stack(bytes).to_base32())
}

/// What an authenticator app scans.
pub(crate) fn address(secret: &Secret, account: &str) -> Result<String> {
    // The separator of issuer and account must be in neither.
    let address = totp(secret, &account.replace(':', " "))?.to_url();
    address.map_err(|error| Error::internal(error.to_string()))
}

/// SHA-1, six digits: what every authenticator app takes, whatever else an address says.
fn totp(secret: &Secret, account: &str) -> Result<Totp> {
    let secret = Base32::try_from_base32(secret.expose());
    let secret = secret.map_err(|_| Error::internal("a second factor's secret is not base32"))?;
    let totp = Builder::new().with_secret(secret).with_skew(SKEW).with_step_duration(STEP);
    let totp = totp.with_issuer(Some("Bianca")).with_account_name(account).build();
    totp.map_err(|error| Error::internal(error.to_string()))
}

/// Judges a code as somebody typed it.
pub(crate) fn judge(
    ctx: &AccountCtx,
    caregiver: &Caregiver,
    secret: &Secret,
    backup: &[String],
    code: &Secret,
) -> Option<Shown> {
    let typed: String = code.expose().chars().filter(|c| !c.is_whitespace() && *c != '-').take(32).collect();
    if typed.len() == 6 {
        return step_of(secret, &typed, ctx.now().as_second()).map(Shown::Step);
    }
    let hashes = backup_hashes(ctx, caregiver, &typed.to_uppercase());
    backup.iter().find(|stored| hashes.contains(stored)).cloned().map(Shown::Backup)
}

/// The time step that the code belongs to, if it is one of those taken now.
fn step_of(secret: &Secret, code: &str, now: i64) -> Option<u64> {
    totp(secret, "account").ok()?.check(code, u64::try_from(now).ok()?)
}

/// New backup codes and their hashes.
pub(crate) fn new_backup(ctx: &AccountCtx, caregiver: &Caregiver) -> (Vec<Secret>, Vec<String>) {
    let code = || {
        let mut bytes = [0; 4];
        ctx.random.fill(&mut bytes);
        format!("{:08X}", u32::from_be_bytes(bytes))
    };
    let codes: Vec<String> = (0..BACKUP_CODES).map(|_| code()).collect();
    let hashes = codes.iter().map(|code| backup_hashes(ctx, caregiver, code).swap_remove(0)).collect();
    (codes.into_iter().map(Secret::new).collect(), hashes)
}

/// The hashes of a backup code by each key. Keyed, since 32 bits could be tried out; the newest
/// key's comes first.
fn backup_hashes(ctx: &AccountCtx, caregiver: &Caregiver, code: &str) -> Vec<String> {
    let id = caregiver.id.to_string();
    let hashes = ctx.vault.hashes(Use::BackupCode, &[id.as_bytes(), code.as_bytes()]);
    hashes.iter().map(|hash| hex(hash)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, SHA-1, the last six of eight digits.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        let secret = Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".to_owned());
        for (at, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(step_of(&secret, code, at), Some(u64::try_from(at).unwrap() / 30), "{at}");
        }
    }

    #[test]
    fn a_code_is_taken_a_step_early_and_a_step_late_and_no_more() {
        let secret = Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".to_owned());
        let taken = |at| step_of(&secret, "287082", at);
        assert_eq!([taken(0), taken(29), taken(30), taken(59), taken(60), taken(89)], [Some(1); 6]);
        assert_eq!([taken(90), taken(-1)], [None; 2]);
        assert_eq!(step_of(&secret, "", 59), None);
    }
}
