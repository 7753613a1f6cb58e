//! The Lambda behind the queue of what has changed.

use api::log::{self, Format};
use aws_lambda_events::sqs::SqsEvent;
use config::{Env, log_filter, or_exit};
use futures_util::FutureExt as _;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let env = Env::of_process();
    let ctx = or_exit(live::wire_push(&env).await);
    log::init(Format::Json, &log_filter(&env));
    let push = async |event: LambdaEvent<SqsEvent>| Ok::<_, Error>(live::push(&ctx, event.payload).boxed().await);
    lambda_runtime::run(service_fn(push)).await
}
