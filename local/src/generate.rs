//! Files that are generated from the code.

use std::fs;
use std::path::PathBuf;

use crate::{Failure, console, root};

/// Writes `docs/openapi.json`, `docs/config.md` and the generated parts of `docs/api.md`, or with `check` only
/// compares them.
pub(crate) fn generate(check: bool) -> Result<(), Failure> {
    let document = api::openapi::whole([
        auth::routes().into_openapi(),
        orgs::routes().into_openapi(),
        patients::routes().into_openapi(),
        alerts::routes().into_openapi(),
        conversations::routes().into_openapi(),
        privacy::routes().into_openapi(),
    ]);
    let handbook = fs::read_to_string(root().join("docs/api.md"))?;
    let handbook = api::handbook::filled(&handbook, &document)
        .map_err(|part| format!("docs/api.md has no place for its part \"{part}\": put the marks around it back"))?;
    let files = [("docs/openapi.json", document), ("docs/config.md", config::markdown()), ("docs/api.md", handbook)];
    let mut stale = Vec::new();
    for (name, wanted) in files {
        let path: PathBuf = root().join(name);
        let same = fs::read_to_string(&path).is_ok_and(|found| found == wanted);
        match (same, check) {
            (true, _) => console::note(&format!("{name} is up to date")),
            (false, true) => stale.push(name),
            (false, false) => {
                fs::write(&path, wanted).map_err(|error| format!("{name} cannot be written: {error}"))?;
                console::note(&format!("{name} written"));
            }
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!("{} differ from the code; run `cargo run -p local -- openapi` and commit", stale.join(", ")).into())
}
