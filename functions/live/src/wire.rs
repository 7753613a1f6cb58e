//! From the environment to what live updates work with.

use clients::Sockets;
use config::{ConfigError, Env};
use services::{Front, LiveCtx};

/// What tells of changes.
#[derive(Clone)]
pub struct PushCtx {
    /// Services.
    pub base: LiveCtx,
    /// The way to the screens.
    pub sockets: Sockets,
}

impl PushCtx {
    /// `base` and what telling needs.
    ///
    /// # Errors
    /// When a variable is missing or wrong.
    pub async fn of(base: LiveCtx, env: &Env) -> Result<Self, ConfigError> {
        let aws = clients::aws::sdk_config(&config::Aws::from_env(env)?).await;
        Ok(Self { base, sockets: Sockets::new(&aws, &config::Live::from_env(env)?) })
    }
}

/// What API Gateway asks. Opens no connection.
///
/// # Errors
/// When a variable is missing or wrong.
pub async fn wire_gateway(env: &Env) -> Result<Front<LiveCtx>, ConfigError> {
    Front::<LiveCtx>::configured(env).await
}

/// What tells of changes. Opens no connection.
///
/// # Errors
/// When a variable is missing or wrong.
pub async fn wire_push(env: &Env) -> Result<PushCtx, ConfigError> {
    PushCtx::of(LiveCtx::configured(env).await?, env).await
}
