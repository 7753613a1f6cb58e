//! Recordings in S3.

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use domain::{Error, Result};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::vault::Vault;

/// A bucket, or a part of one.
#[derive(Debug, Clone)]
pub struct S3 {
    client: Client,
    bucket: String,
    prefix: String,
}

impl S3 {
    /// Keeps things in `bucket`, under `prefix` if it is not empty. `aws` is as [`clients::aws::sdk_config`] makes it: three attempts of five seconds.
    pub fn new(aws: &SdkConfig, bucket: impl Into<String>, prefix: &str) -> Self {
        // An emulator has no host name for each bucket.
        let path_style = aws.endpoint_url().is_some();
        let config = aws_sdk_s3::config::Builder::from(aws).force_path_style(path_style).build();
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Self { client: Client::from_conf(config), bucket: bucket.into(), prefix }
    }
}

impl Vault for S3 {
    fn put(&self, name: String, bytes: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        let put = self.client.put_object().bucket(&self.bucket).key(format!("{}{name}", self.prefix));
        let put = put.content_type("application/octet-stream").body(ByteStream::from(bytes));
        async move {
            let sent = put.send().await;
            sent.map(drop)
                .map_err(|error| Error::unavailable("recordings", error.code().unwrap_or("no answer").to_owned()))
        }
        .boxed()
    }
}
