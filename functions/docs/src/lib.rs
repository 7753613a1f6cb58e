//! The OpenAPI document and a page to read and try it. Everything is in this binary: no CDN.

use std::sync::Arc;

use api::{Manners, Result, with_manners};
use axum::Router;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use config::{ConfigError, Env};
use domain::{Error, Random};
use rand::TryRng as _;
use rand::rngs::SysRng;
use utoipa_swagger_ui::Config;

/// The document, generated from the handlers by `cargo run -p local -- openapi`.
pub const OPENAPI: &str = include_str!("../../../docs/openapi.json");

/// By its name: whether API Gateway takes an empty one, after `/v1/docs/`, for a path that `{proxy+}` stands for is
/// nowhere written.
const PAGE: &str = "/v1/docs/index.html";

/// Every route of this function; it needs nothing from outside.
pub fn routes() -> Router {
    Router::new()
        .route("/docs", get(async || Redirect::permanent(PAGE)))
        .route("/v1/docs", get(async || Redirect::permanent(PAGE)))
        .route("/v1/docs/", get(async || page("")))
        .route("/v1/docs/{*file}", get(async |Path(file): Path<String>| page(&file)))
        .route("/v1/docs/openapi.json", get(document))
}

/// The function as API Gateway calls it.
///
/// # Errors
/// When a variable is wrong.
pub fn wire(env: &Env) -> std::result::Result<Router, ConfigError> {
    Ok(with_manners(routes(), Manners::open("docs", Arc::new(SystemRandom), &config::Web::from_env(env)?)))
}

async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=300")], OPENAPI)
}

/// A file of Swagger UI, or for no name its page.
fn page(file: &str) -> Result<Response> {
    // Without "none" the page sends the address of the document to a validator on the internet.
    let config = Config::from("/v1/docs/openapi.json").try_it_out_enabled(true).validator_url("none");
    let found = utoipa_swagger_ui::serve(file, Arc::new(config)).map_err(|error| Error::internal(error.to_string()))?;
    let found = found.ok_or_else(|| Error::not_found("route_not_found", "There is nothing at this address."))?;
    Ok(([(CONTENT_TYPE, found.content_type)], found.bytes.into_owned()).into_response())
}

/// For request ids. The services have one too; this function does without them and stays small.
struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        SysRng.try_fill_bytes(bytes).expect("the operating system has a random source");
    }
}
