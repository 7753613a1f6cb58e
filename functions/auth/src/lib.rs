//! Signing in and staying signed in.

mod auth;
mod wire;

use services::{Ctx, Front};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use wire::wire;

/// Every route of this function.
pub fn routes() -> OpenApiRouter<Front<Ctx>> {
    OpenApiRouter::with_openapi(api::openapi::base())
        .routes(routes!(auth::login::login))
        .routes(routes!(auth::refresh::refresh_tokens))
        .routes(routes!(auth::logout::logout))
}
