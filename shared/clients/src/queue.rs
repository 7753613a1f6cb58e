//! Queues: SQS.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::QueueAttributeName;
use domain::jobs::{Job, Queue};
use domain::live::News;
use domain::{Error, Result};

/// The queues.
#[derive(Clone)]
pub struct Queues {
    client: Client,
    urls: config::Queues,
}

/// A message that was taken and must be put away when its work is done.
#[derive(Clone, Debug)]
pub struct Received {
    /// The message's id, for the log.
    pub id: String,
    /// The job as it was written; anyone may have put it there.
    pub body: String,
    receipt: String,
}

impl Queues {
    /// The queues at the configured addresses.
    pub fn new(aws: &SdkConfig, urls: config::Queues) -> Self {
        Self { client: Client::new(aws), urls }
    }

    /// Puts a job into its queue.
    ///
    /// # Errors
    /// [`Kind::Unavailable`](domain::Kind::Unavailable) when SQS does not take it; it may have
    /// taken it all the same, so work must bear being done twice.
    pub async fn send(&self, job: Job) -> Result<()> {
        let body = serde_json::to_string(&job).map_err(|error| Error::internal(error.to_string()))?;
        self.send_raw(job.queue(), body).await
    }

    /// Tells of a change.
    ///
    /// # Errors
    /// As [`Queues::send`].
    pub async fn tell(&self, news: News) -> Result<()> {
        let body = serde_json::to_string(&news).map_err(|error| Error::internal(error.to_string()))?;
        self.send_raw(Queue::News, body).await
    }

    /// Puts any text into a queue, as anyone with the right to send may.
    ///
    /// # Errors
    /// As [`Queues::send`].
    pub async fn send_raw(&self, queue: Queue, body: impl Into<String>) -> Result<()> {
        let sent = self.client.send_message().queue_url(self.url(queue)).message_body(body).send().await;
        sent.map(drop).map_err(unavailable)
    }

    /// Takes up to `most` (1 to 10) messages, waiting up to `wait` (at most 20 s) for the first.
    /// They come back after the queue's visibility timeout unless they are [put away](Self::done).
    pub async fn receive(&self, queue: Queue, most: i32, wait: Duration) -> Result<Vec<Received>> {
        let wait = i32::try_from(wait.as_secs().min(20)).unwrap_or(20);
        let receive = self
            .client
            .receive_message()
            .queue_url(self.url(queue))
            .max_number_of_messages(most)
            .wait_time_seconds(wait);
        // SQS holds the request open, so the usual timeout for an attempt does not fit.
        let patience = aws_sdk_sqs::config::timeout::TimeoutConfig::builder()
            .operation_attempt_timeout(Duration::from_secs(25))
            .build();
        let overrides = aws_sdk_sqs::config::Builder::default().timeout_config(patience);
        let taken = receive.customize().config_override(overrides).send().await.map_err(unavailable)?;
        let messages = taken.messages.unwrap_or_default().into_iter();
        Ok(messages
            .filter_map(|message| {
                Some(Received { id: message.message_id?, body: message.body?, receipt: message.receipt_handle? })
            })
            .collect())
    }

    /// Puts a message away: its work is done.
    pub async fn done(&self, queue: Queue, message: &Received) -> Result<()> {
        let delete = self.client.delete_message().queue_url(self.url(queue)).receipt_handle(&message.receipt);
        delete.send().await.map(drop).map_err(unavailable)
    }

    /// Gives a message back, for somebody to take it when so much time has passed, in whole seconds.
    pub async fn give_back(&self, queue: Queue, message: &Received, after: Duration) -> Result<()> {
        let after = i32::try_from(after.as_secs()).unwrap_or(i32::MAX);
        let change = self.client.change_message_visibility().queue_url(self.url(queue));
        let change = change.receipt_handle(&message.receipt).visibility_timeout(after);
        change.send().await.map(drop).map_err(unavailable)
    }

    /// Makes a queue on an emulator and tells its address; in AWS the template does.
    pub async fn create(aws: &SdkConfig, name: &str, visibility: Duration) -> Result<String> {
        let create = Client::new(aws)
            .create_queue()
            .queue_name(name)
            .attributes(QueueAttributeName::VisibilityTimeout, visibility.as_secs().to_string());
        let made = create.send().await.map_err(unavailable)?;
        made.queue_url.ok_or_else(|| Error::unavailable("queue", "no address"))
    }

    fn url(&self, queue: Queue) -> &str {
        match queue {
            Queue::PlaceCall => &self.urls.place_call,
            Queue::LostCalls => &self.urls.lost_calls,
            Queue::Jobs => &self.urls.jobs,
            Queue::Chores => &self.urls.chores,
            Queue::News => &self.urls.news,
        }
    }
}

fn unavailable(error: impl ProvideErrorMetadata) -> Error {
    Error::unavailable("queue", error.code().unwrap_or("no answer").to_owned())
}
