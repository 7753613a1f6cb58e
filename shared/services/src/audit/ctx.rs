//! What reading the trail works with.

use std::ops::Deref;
use std::sync::Arc;

use config::{ConfigError, Env};

use super::AuditSeals;
use crate::Ctx;

/// What services about the audit trail work with besides.
#[derive(Clone)]
pub struct AuditCtx {
    base: Ctx,
    /// What makes and checks seals.
    pub seals: Arc<AuditSeals>,
}

impl AuditCtx {
    /// From the environment; see [`Ctx::configured`].
    ///
    /// # Errors
    /// When a variable is missing or wrong.
    pub async fn configured(env: &Env) -> Result<Self, ConfigError> {
        Self::of(Ctx::configured(env).await?, env)
    }

    /// `base` and what the trail needs.
    ///
    /// # Errors
    /// When a variable is missing or wrong.
    pub fn of(base: Ctx, env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { base, seals: Arc::new(AuditSeals::new(&config::AuditKeys::from_env(env)?)) })
    }
}

impl Deref for AuditCtx {
    type Target = Ctx;

    fn deref(&self) -> &Ctx {
        &self.base
    }
}
