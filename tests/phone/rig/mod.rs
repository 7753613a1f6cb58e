//! What the tests of this folder stand on: Asterisk, telephones and the whole system, each a
//! process of its own.

pub mod asterisk;
pub mod bridge;
pub mod capture;
pub mod exchange;
pub mod keypad;
pub mod model;
pub mod system;
pub mod telephone;

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long anything may take that is expected to happen.
pub const PATIENCE: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A variable that `tests/phone/run` sets.
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: these tests are run by tests/phone/run"))
}

/// This folder.
pub fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("phone")
}

/// A new folder for the files of one process; `tests/phone/run` removes them all.
pub fn folder(name: &str) -> PathBuf {
    let place = variable("PHONE_FOLDER");
    let made = tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(place);
    made.expect("the folder of the run can be written").keep()
}

/// Looks until `look` finds what it looks for, and panics with what it saw last.
pub async fn until<T, F: Future<Output = Result<T, String>>>(what: &str, look: impl Fn() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(seen) if Instant::now() > deadline => panic!("not within {PATIENCE:?}: {what}; last seen: {seen}"),
            Err(_) => sleep(LOOK_EVERY).await,
        }
    }
}
