//! From the environment to what jobs work with.

use clients::Text;
use config::{ConfigError, Env};
use services::CallCtx;

/// What jobs work with.
#[derive(Clone)]
pub struct JobCtx {
    /// Services.
    pub base: CallCtx,
    /// The model that writes summaries.
    pub text: Text,
}

/// The worker. Opens no connection.
///
/// # Errors
/// When a variable is missing or wrong.
pub async fn wire_worker(env: &Env) -> Result<JobCtx, ConfigError> {
    let base = CallCtx::configured(env).await?;
    Ok(JobCtx { base, text: Text::new(&config::Text::from_env(env)?) })
}

/// The tick. Opens no connection.
///
/// # Errors
/// When a variable is missing or wrong.
pub async fn wire_tick(env: &Env) -> Result<CallCtx, ConfigError> {
    CallCtx::configured(env).await
}
