//! The OpenAPI document and a page to read and try it. Everything is in this binary: no CDN.

use std::sync::Arc;

use api::{Manners, with_manners};
use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use domain::Random;
use rand::TryRng as _;
use rand::rngs::SysRng;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// The document, generated from the handlers by `cargo run -p local -- openapi`.
pub const OPENAPI: &str = include_str!("../../../docs/openapi.json");

/// Every route of this function; it needs nothing from outside.
pub fn routes() -> Router {
    let page = SwaggerUi::new("/v1/docs").config(Config::from("/v1/docs/openapi.json").try_it_out_enabled(true));
    Router::new()
        .merge(page)
        .route("/v1/docs/openapi.json", get(document))
        .route("/docs", get(async || Redirect::permanent("/v1/docs/")))
}

/// The function as API Gateway calls it.
pub fn wire() -> Router {
    with_manners(routes(), Manners::new(Arc::new(SystemRandom)))
}

async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=300")], OPENAPI)
}

/// For request ids. The services have one too; this function does without them and stays small.
struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        SysRng.try_fill_bytes(bytes).expect("the operating system has a random source");
    }
}
