//! The Lambda behind the WebSocket API.

use api::log::{self, Format};
use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use config::{Env, log_filter, or_exit};
use futures_util::FutureExt as _;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let env = Env::of_process();
    let ctx = or_exit(live::wire_gateway(&env).await);
    log::init(Format::Json, &log_filter(&env));
    let handle = async |event: LambdaEvent<ApiGatewayWebsocketProxyRequest>| {
        Ok::<_, Error>(live::handle(&ctx, event.payload).boxed().await)
    };
    lambda_runtime::run(service_fn(handle)).await
}
