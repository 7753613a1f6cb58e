//! Live updates as API Gateway would carry them.

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use axum::Router;
use local_gateway::{Gateway, Handler, Limits};
use services::{Front, LiveCtx};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::Failure;

/// What is asked about connections: the function.
#[derive(Clone)]
pub(crate) struct Function(Front<LiveCtx>);

impl Handler for Function {
    async fn handle(&self, event: ApiGatewayWebsocketProxyRequest) -> ApiGatewayProxyResponse {
        live::handle(&self.0, event).await
    }
}

/// A gateway, and where messages to its connections are handed over: an address that is in no list of anybody's.
pub(crate) async fn open(ctx: Front<LiveCtx>, stop: CancellationToken) -> Result<(Gateway<Function>, String), Failure> {
    let gateway = Gateway::new(Function(ctx), Limits::default());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let management: Router = gateway.management();
    let serving = axum::serve(listener, management).with_graceful_shutdown(stop.cancelled_owned());
    tokio::spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "live updates have stopped");
        }
    });
    Ok((gateway, endpoint))
}
