//! From the environment to what jobs work with.

use std::sync::Arc;

use clients::Text;
use config::{ConfigError, Env};
use services::audit::AuditSeals;
use services::{CallCtx, Vault};

/// What jobs work with.
#[derive(Clone)]
pub struct JobCtx {
    /// Services.
    pub base: CallCtx,
    /// The model that writes summaries.
    pub text: Text,
    /// What makes the tokens of mails.
    pub vault: Arc<Vault>,
}

/// What the tick works with.
#[derive(Clone)]
pub struct TickCtx {
    /// Services.
    pub base: CallCtx,
    /// What seals the audit trail.
    pub seals: Arc<AuditSeals>,
}

/// The worker. Opens no connection.
///
/// # Errors
/// When a variable is missing or wrong.
pub async fn wire_worker(env: &Env) -> Result<JobCtx, ConfigError> {
    let base = CallCtx::configured(env).await?;
    let vault = Arc::new(Vault::new(&config::DataKeys::from_env(env)?));
    Ok(JobCtx { base, text: Text::new(&config::Text::from_env(env)?), vault })
}

/// The tick. Opens no connection.
///
/// # Errors
/// When a variable is missing or wrong.
pub async fn wire_tick(env: &Env) -> Result<TickCtx, ConfigError> {
    let base = CallCtx::configured(env).await?;
    Ok(TickCtx { base, seals: Arc::new(AuditSeals::new(&config::AuditKeys::from_env(env)?)) })
}
