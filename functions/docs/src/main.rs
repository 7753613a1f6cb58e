//! The Lambda.

use config::{Env, log_filter};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    api::serve_lambda(docs::wire(), &log_filter(&Env::of_process())).await
}
