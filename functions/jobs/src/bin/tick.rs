//! The Lambda that runs once a minute.

use api::log::{self, Format};
use config::{Env, log_filter, or_exit};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let env = Env::of_process();
    let ctx = or_exit(jobs::wire_tick(&env).await);
    log::init(Format::Json, &log_filter(&env));
    let tick = async |_: LambdaEvent<Value>| jobs::tick(&ctx).await.map_err(Error::from);
    lambda_runtime::run(service_fn(tick)).await
}
