//! What a cell is watched with: one value that is handed from `main` to the calls.

use std::sync::Arc;

use config::{Aws, Env};
use domain::{Error, Result};
use services::SystemRandom;

use crate::calls::Timelines;
use crate::metrics::Metrics;
use crate::protection::Protection;
use crate::recording::{Folder, RecordingKey, Recordings, S3, Vault};
use crate::telemetry::Telemetry;
use crate::wire::Settings;

/// Everything that watches calls from outside. By default nobody does, and metrics go nowhere.
#[derive(Clone, Default)]
pub struct Instruments {
    /// The metrics of this process.
    pub metrics: Metrics,
    /// Traces of calls.
    pub telemetry: Telemetry,
    /// Keeps the task from being stopped while calls run.
    pub protection: Protection,
    /// Where calls are recorded whose patient agreed; `None` records none.
    pub recordings: Option<Recordings>,
    /// What happened in calls.
    pub(crate) timelines: Timelines,
}

impl Instruments {
    /// What is configured. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// When something that is wanted cannot be had.
    pub async fn configured(env: &Env, settings: &Settings) -> Result<Self> {
        let bridge = &settings.bridge;
        let metrics = Metrics::new();
        let telemetry = match &bridge.collector {
            Some(collector) => Telemetry::to(collector, &settings.cell)?,
            None => Telemetry::off(),
        };
        let recordings = match (&bridge.recordings, &bridge.recording_key) {
            (Some(place), Some(key)) => {
                let key = RecordingKey::new(key.expose());
                let random = Arc::new(SystemRandom);
                Some(Recordings::new(vault(env, place).await?, key, random, metrics.clone()))
            }
            _ => None,
        };
        let protection = Protection::new(bridge.ecs_agent.as_ref(), metrics.clone());
        Ok(Self { metrics, telemetry, protection, recordings, timelines: Timelines::default() })
    }
}

async fn vault(env: &Env, place: &config::Recordings) -> Result<Arc<dyn Vault>> {
    Ok(match place {
        config::Recordings::Folder(folder) => Arc::new(Folder::new(folder)),
        config::Recordings::Bucket { bucket, prefix } => {
            let aws = Aws::from_env(env).map_err(|error| Error::internal(error.to_string()))?;
            Arc::new(S3::new(&clients::aws::sdk_config(&aws).await, bucket, prefix))
        }
    })
}
