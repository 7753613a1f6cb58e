//! From the environment to a router.

use api::{Manners, with_manners};
use axum::Router;
use config::{ConfigError, Env};
use services::{Ctx, Front};

/// The function as API Gateway calls it. Opens no connection: a dependency that is down costs the
/// first request a 503, never the start.
///
/// # Errors
/// When a variable is missing or wrong.
pub async fn wire(env: &Env) -> Result<Router, ConfigError> {
    let (router, _) = crate::routes().split_for_parts();
    let front = Front::<Ctx>::configured(env).await?;
    let manners = Manners::new("alerts", front.clone(), &config::Web::from_env(env)?);
    Ok(with_manners(router.with_state(front), manners))
}
