//! From the environment to a router.

use std::sync::Arc;

use api::{Manners, with_manners};
use axum::Router;
use config::{ConfigError, Env};
use services::{Ctx, Front, SystemRandom};

/// The function as API Gateway calls it. Opens no connection: a dependency that is down costs the
/// first request a 503, never the start.
///
/// # Errors
/// When a variable is missing or wrong.
pub async fn wire(env: &Env) -> Result<Router, ConfigError> {
    let (router, _) = crate::routes().split_for_parts();
    let router = router.with_state(Front::<Ctx>::configured(env).await?);
    Ok(with_manners(router, Manners::new(Arc::new(SystemRandom))))
}
