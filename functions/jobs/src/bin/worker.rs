//! The Lambda behind the jobs queue.

use api::log::{self, Format};
use aws_lambda_events::sqs::SqsEvent;
use config::{Env, log_filter, or_exit};
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let env = Env::of_process();
    let ctx = or_exit(jobs::wire_worker(&env).await);
    log::init(Format::Json, &log_filter(&env));
    let work = async |event: LambdaEvent<SqsEvent>| Ok::<_, Error>(jobs::work(&ctx, event.payload).await);
    lambda_runtime::run(service_fn(work)).await
}
