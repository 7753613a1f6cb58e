//! Mail: SES.

use aws_config::SdkConfig;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::ProvideErrorMetadata as _;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use domain::alerts::MailText;
use domain::mails::Rendered;
use domain::{Email, Error, Result};

use crate::aws::once;

/// What SES says of addresses that it can send nothing to.
const NO_ADDRESS: &str = "BadRequestException";

/// The sender of mails.
#[derive(Clone)]
pub struct Mail {
    client: Client,
    from: Email,
}

impl Mail {
    /// Mails from `config.from`.
    pub fn new(aws: &SdkConfig, config: &config::Mail) -> Self {
        Self { client: Client::new(&once(aws)), from: config.from.clone() }
    }

    /// Hands a mail over for delivery. When this succeeds SES has accepted it, and keeps trying.
    ///
    /// # Errors
    /// `mail_not_possible` when nothing can be sent to this address,
    /// [`Kind::Unavailable`](domain::Kind::Unavailable) when SES does not accept it; it may have
    /// accepted it all the same when its answer was lost.
    pub async fn send(&self, to: &Email, text: &MailText) -> Result<()> {
        let body = Body::builder().text(content(text.body.reveal())?).build();
        self.hand_over(to, content(text.subject.reveal())?, body).await
    }

    /// The same for a mail that has a page beside its plain text.
    ///
    /// # Errors
    /// As [`Mail::send`].
    pub async fn send_rich(&self, to: &Email, mail: &Rendered) -> Result<()> {
        let (text, html) = (content(mail.text.reveal())?, content(mail.html.reveal())?);
        self.hand_over(to, content(mail.subject.reveal())?, Body::builder().text(text).html(html).build()).await
    }

    async fn hand_over(&self, to: &Email, subject: Content, body: Body) -> Result<()> {
        let message = Message::builder().subject(subject).body(body).build();
        let send = self.client.send_email().from_email_address(self.from.as_str());
        let send = send.destination(Destination::builder().to_addresses(to.as_str()).build());
        let sent = send.content(EmailContent::builder().simple(message).build()).send().await;
        // Only the code: the service's words can hold an address.
        sent.map(drop).map_err(|error| match error.code() {
            Some(NO_ADDRESS) => Error::invalid("mail_not_possible", "No mail can be sent to this address.")
                .because(NO_ADDRESS.to_owned()),
            code => Error::unavailable("mail", code.unwrap_or("no answer").to_owned()),
        })
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

fn content(text: &str) -> Result<Content> {
    Content::builder().data(text).charset("UTF-8").build().map_err(|error| Error::internal(error.to_string()))
}
