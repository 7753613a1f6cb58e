//! How a second command finds the system that a first one has started.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Place;

/// Where a running system is. Written beside its documents once it is ready, removed
/// when it ends; a file that was left behind points to an address that does not answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Running {
    /// The address of its API.
    pub api: String,
    /// The process.
    pub pid: u32,
}

fn path(place: &Place) -> PathBuf {
    place.data().join(format!("running-{}.json", place.port))
}

impl Running {
    /// Tells others. That others can find it is a convenience; failing to write is not worth ending for.
    pub(crate) fn announce(&self, place: &Place) {
        if let Ok(json) = serde_json::to_vec(self)
            && let Err(error) = fs::write(path(place), json)
        {
            tracing::warn!(%error, "other commands will not find this system");
        }
    }

    /// Takes it back.
    pub(crate) fn withdraw(place: &Place) {
        fs::remove_file(path(place)).ok();
    }

    /// The system that runs at this place, if it answers.
    pub(crate) async fn find(place: &Place) -> Option<Self> {
        let running: Self = serde_json::from_slice(&fs::read(path(place)).ok()?).ok()?;
        let answer = reqwest::Client::new().get(format!("{}/v1/docs/openapi.json", running.api));
        let answers = answer.timeout(std::time::Duration::from_secs(2)).send().await.ok()?.status().is_success();
        answers.then_some(running)
    }
}
