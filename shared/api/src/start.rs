//! How a router becomes a Lambda.

use axum::Router;

use crate::log::{self, Format};

/// Serves API Gateway's events with the router, one at a time, until the sandbox is taken away.
///
/// # Errors
/// When the Lambda runtime API cannot be reached.
pub async fn serve_lambda(router: Router, log_filter: &str) -> Result<(), lambda_http::Error> {
    log::init(Format::Json, log_filter);
    lambda_http::run(router).await
}
