//! Text messages to telephones: SNS.

use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::error::{BuildError, ProvideErrorMetadata as _};
use aws_sdk_sns::types::MessageAttributeValue;
use domain::{Error, Phone, Result, Secret};

use crate::aws::once;

/// What SNS is told of a message. Transactional ones are delivered before advertisements, also to
/// those who want none of these.
const KIND: (&str, &str) = ("AWS.SNS.SMS.SMSType", "Transactional");
/// What SNS says of numbers that it can send nothing to.
const NO_NUMBER: [&str; 3] = ["InvalidParameter", "InvalidParameterValue", "OptedOut"];

/// The sender of text messages. They come from whatever number or name the AWS account has for the
/// country.
#[derive(Clone)]
pub struct Sms {
    client: Client,
}

impl Sms {
    /// Messages through this account.
    pub fn new(aws: &SdkConfig) -> Self {
        Self { client: Client::new(&once(aws)) }
    }

    /// Hands a message over for delivery. When this succeeds SNS has accepted it; whether a
    /// telephone rang nobody tells.
    ///
    /// # Errors
    /// `sms_not_possible` when nothing can be sent to this number,
    /// [`Kind::Unavailable`](domain::Kind::Unavailable) when SNS does not accept it; it may have
    /// accepted it all the same when its answer was lost.
    pub async fn send(&self, to: &Phone, text: &Secret) -> Result<()> {
        let kind = kind().map_err(|error| Error::internal(error.to_string()))?;
        let publish = self.client.publish().phone_number(to.as_str()).message(text.expose());
        let sent = publish.message_attributes(KIND.0, kind).send().await;
        // Only the code: the service's words can hold the number.
        sent.map(drop).map_err(|error| match error.code() {
            Some(code) if NO_NUMBER.contains(&code) => {
                Error::invalid("sms_not_possible", "No message can be sent to this number.").because(code.to_owned())
            }
            code => Error::unavailable("sms", code.unwrap_or("no answer").to_owned()),
        })
    }
}

fn kind() -> Result<MessageAttributeValue, BuildError> {
    MessageAttributeValue::builder().data_type("String").string_value(KIND.1).build()
}
