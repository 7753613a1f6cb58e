//! The API as API Gateway would serve it: every function behind one address.

use std::net::SocketAddr;

use api::{Manners, with_manners};
use axum::Router;
use config::{ConfigError, Env};
use services::{AccountCtx, AuditCtx, CallCtx, Ctx, Front};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Every function's routes with the layers they have in their Lambdas.
pub(crate) async fn router(env: &Env, calls: Front<CallCtx>) -> Result<Router, ConfigError> {
    let base: Front<Ctx> = calls.without_calls();
    let accounts = base.with(AccountCtx::of(Ctx::clone(&base), env).await?);
    let audit = base.with(AuditCtx::of(Ctx::clone(&base), env)?);
    let manners = Manners::new("local", base.clone(), &config::Web::from_env(env)?);
    let router = Router::new()
        .merge(auth::routes().split_for_parts().0.with_state(accounts.clone()))
        .merge(orgs::routes().split_for_parts().0.with_state(accounts))
        .merge(privacy::routes().split_for_parts().0.with_state(audit))
        .merge(patients::routes().split_for_parts().0.with_state(base.clone()))
        .merge(alerts::routes().split_for_parts().0.with_state(base))
        .merge(conversations::routes().split_for_parts().0.with_state(calls))
        .merge(docs::routes());
    Ok(with_manners(router, manners))
}

/// Serves the API until `stop`; requests that run are finished.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = serving.await {
        tracing::error!(%error, "the API has stopped");
    }
}
