//! The Lambda.

use config::{Env, log_filter, or_exit};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let env = Env::of_process();
    let router = or_exit(alerts::wire(&env).await);
    api::serve_lambda(router, &log_filter(&env)).await
}
