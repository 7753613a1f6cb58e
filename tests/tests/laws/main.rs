//! Laws of the workspace that neither the compiler nor a lint holds. A failure says which law and where.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod arrows;
mod documents;
mod failures;
mod files;
mod sources;
mod starts;
mod template;
mod versions;

use std::path::{Path, PathBuf};

/// The folder of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
