//! Mail: SES.

use aws_config::SdkConfig;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::ProvideErrorMetadata as _;
use domain::{Email, Error, Result};

/// The sender of mails.
#[derive(Clone)]
pub struct Mail {
    client: Client,
    from: Email,
}

impl Mail {
    /// Mails from `config.from`.
    pub fn new(aws: &SdkConfig, config: &config::Mail) -> Self {
        Self { client: Client::new(aws), from: config.from.clone() }
    }

    /// Makes the sender an identity of SES, for an emulator; in AWS the template does.
    pub async fn create_identity(&self) -> Result<()> {
        let create = self.client.create_email_identity().email_identity(self.from.as_str());
        match create.send().await {
            Err(error) if error.code() == Some("AlreadyExistsException") => Ok(()),
            Err(error) => Err(Error::unavailable("mail", error.code().unwrap_or("no answer").to_owned())),
            Ok(_) => Ok(()),
        }
    }
}
