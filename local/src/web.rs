//! The API as API Gateway would serve it: every function behind one address.

use std::sync::Arc;

use api::{Manners, with_manners};
use axum::Router;
use services::{CallCtx, Front, SystemRandom};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Every function's routes with the layers they have in their Lambdas.
pub(crate) fn router(ctx: Front<CallCtx>) -> Router {
    let base = ctx.without_calls();
    let router = Router::new()
        .merge(auth::routes().split_for_parts().0.with_state(base.clone()))
        .merge(patients::routes().split_for_parts().0.with_state(base))
        .merge(conversations::routes().split_for_parts().0.with_state(ctx))
        .merge(docs::routes());
    with_manners(router, Manners::new(Arc::new(SystemRandom)))
}

/// Serves the API until `stop`; requests that run are finished.
pub(crate) async fn serve(listener: TcpListener, ctx: Front<CallCtx>, stop: CancellationToken) {
    let serving = axum::serve(listener, router(ctx)).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = serving.await {
        tracing::error!(%error, "the API has stopped");
    }
}
