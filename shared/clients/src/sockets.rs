//! Messages to the connections of the WebSocket API: the management half of API Gateway.

use aws_config::SdkConfig;
use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::config::Builder;
use aws_sdk_apigatewaymanagement::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_apigatewaymanagement::primitives::Blob;
use domain::{Error, Result};

/// The connections of the WebSocket API.
#[derive(Clone)]
pub struct Sockets {
    client: Client,
}

impl Sockets {
    /// Those of the configured API.
    pub fn new(aws: &SdkConfig, live: &config::Live) -> Self {
        let endpoint = live.endpoint.as_str().trim_end_matches('/');
        Self { client: Client::from_conf(Builder::from(aws).endpoint_url(endpoint).build()) }
    }

    /// Sends a text of at most 128 KB (API Gateway quotas: WebSocket message payload size); `false` when the connection is gone.
    ///
    /// # Errors
    /// [`Kind::Unavailable`](domain::Kind::Unavailable) when the gateway does not take it.
    pub async fn send(&self, connection: &str, text: String) -> Result<bool> {
        let post = self.client.post_to_connection().connection_id(connection).data(Blob::new(text));
        unless_gone(post.send().await)
    }

    /// Ends a connection.
    ///
    /// # Errors
    /// As [`Sockets::send`].
    pub async fn close(&self, connection: &str) -> Result<()> {
        unless_gone(self.client.delete_connection().connection_id(connection).send().await).map(drop)
    }
}

/// Whether it was done; `false` when there is no such connection any more.
fn unless_gone<T, E, R>(answer: std::result::Result<T, SdkError<E, R>>) -> Result<bool>
where
    SdkError<E, R>: ProvideErrorMetadata,
{
    match answer {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("GoneException") => Ok(false),
        Err(error) => Err(Error::unavailable("live updates", error.code().unwrap_or("no answer").to_owned())),
    }
}
