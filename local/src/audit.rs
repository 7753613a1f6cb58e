//! Whether the audit trail is whole.

use config::{AuditKeys, Database, Env, or_exit};
use domain::OrgId;
use domain::audit::Fault;
use serde_json::json;
use services::audit::{AuditSeals, Report, verify_all};
use store::Store;

use crate::{Failure, console};

/// How far a chain has come, as the log says it.
pub(crate) type Reach = (Option<OrgId>, u64);

/// Reads `ORG:SEQ`, with `none` for what belongs to no organisation.
pub(crate) fn reach(text: &str) -> Result<Reach, String> {
    let wrong = || "must be the org and seq of a log line \"audit sealed\", as 6789abcd1111111111111111:42".to_owned();
    let (org, seq) = text.split_once(':').ok_or_else(wrong)?;
    let org = if org == "none" { None } else { Some(org.parse().map_err(|_| wrong())?) };
    Ok((org, seq.parse().map_err(|_| wrong())?))
}

/// Verifies every chain in the database of `MONGODB_URI` with `AUDIT_KEYS` and says what it found.
/// Changes nothing.
pub(crate) async fn verify(reaches: &[Reach], json: bool) -> Result<(), Failure> {
    let env = Env::of_process();
    let store = Store::new(or_exit(Database::from_env(&env)), None);
    let seals = AuditSeals::new(&or_exit(AuditKeys::from_env(&env)));
    let reports = verify_all(&store, &seals, reaches).await?;
    for report in &reports {
        console::say(&if json { line_of_json(report) } else { line(report) });
    }
    let broken = reports.iter().filter(|report| !report.findings.faults.is_empty()).count();
    if broken > 0 {
        return Err(format!("{broken} of {} chains are not what was sealed", reports.len()).into());
    }
    console::note(&format!("{} chains, all whole", reports.len()));
    Ok(())
}

fn line_of_json(report: &Report) -> String {
    let found = &report.findings;
    let line = json!({
        "org": report.org.map(|org| org.to_string()),
        "ok": found.faults.is_empty(),
        "checked": found.checked,
        "from": found.first,
        "sealedUpTo": found.last,
        "faults": found.faults,
    });
    line.to_string()
}

fn line(report: &Report) -> String {
    let found = &report.findings;
    let org = report.org.map_or_else(|| "none".to_owned(), |org| org.to_string());
    let what = format!("{org}: {} records, {} to {}", found.checked, found.first, found.last);
    if found.faults.is_empty() {
        return format!("ok     {what}");
    }
    let faults: Vec<_> = found.faults.iter().map(said).collect();
    format!("FAULT  {what}; {}", faults.join("; "))
}

fn said(fault: &Fault) -> String {
    match fault {
        Fault::Changed { seq } => format!("{seq} was changed"),
        Fault::Gap { expected, found } => format!("{expected} was expected and {found} found"),
        Fault::Shortened { ends, expected } => format!("it reached {expected} and ends with {ends}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_chain_has_come_to_is_read_as_the_log_writes_it() {
        assert_eq!(reach("none:7"), Ok((None, 7)));
        let org = "6789abcd1111111111111111";
        assert_eq!(reach(&format!("{org}:42")), Ok((Some(org.parse().unwrap()), 42)));
        for wrong in ["", "42", "none", "none:", "ada:1", "none:-1", "6789abcd1111111111111111:1:2"] {
            assert!(reach(wrong).is_err(), "{wrong}");
        }
    }
}
