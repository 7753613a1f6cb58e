//! How AWS clients are made.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::Credentials;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// The configuration that every AWS client is made from. No request is sent: the region is given,
/// and credentials are looked up when the first request needs them.
///
/// Three attempts of at most five seconds: a caller behind API Gateway has 29 seconds in all.
pub async fn sdk_config(aws: &config::Aws) -> SdkConfig {
    let http = OnDemand(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https());
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(5))
        .build();
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .region(Region::new(aws.region.clone()))
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts);
    match &aws.endpoint {
        None => loader.load().await,
        // An emulator checks no signature, but the SDK insists on signing.
        Some(endpoint) => {
            let credentials = Credentials::new("local", "local", None, None, "emulator");
            let endpoint = endpoint.as_str().trim_end_matches('/').to_owned();
            loader.endpoint_url(endpoint).credentials_provider(credentials).load().await
        }
    }
}

/// How long a message that must not be sent twice may take to be accepted. A mail and the text message that goes out when
/// it was refused fit into the time for which one process tells of an alert.
const ACCEPTED_WITHIN: Duration = Duration::from_secs(10);

/// For what hands messages over to people: one attempt, and a patient one. SNS and SES have no idempotency key, so what was
/// accepted by an answer that came late would be sent again; whoever sends tries again when nothing was accepted.
pub(crate) fn once(aws: &SdkConfig) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(ACCEPTED_WITHIN)
        .build();
    aws.to_builder().retry_config(RetryConfig::disabled()).timeout_config(timeouts).build()
}

/// Connects when the first request is sent. By itself the SDK makes a connector for every client as soon as there is
/// one, and each reads the certificates of the system: that took longer than all the rest of a function's start.
#[derive(Debug)]
struct OnDemand(SharedHttpClient);

impl HttpClient for OnDemand {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}
