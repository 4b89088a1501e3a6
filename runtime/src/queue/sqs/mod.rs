//! The client that speaks to SQS, over the AWS SDK.
//!
//! Three batch calls, `GetQueueAttributes`, and `GetQueueUrl` once for each queue: events name queues by their Amazon Resource Name, SQS
//! wants the URL, and no rule of ours would know every partition and endpoint. A batch call that succeeds may hold entries that failed,
//! which the SDK's retries do not see: each is read, and what is not named as done was not.

mod answers;
mod entries;
mod receive;
mod urls;

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use aws_sdk_sqs::{
    Client,
    config::{Builder, timeout::TimeoutConfig},
    types::QueueAttributeName,
};
use futures_util::future::BoxFuture;

use self::{
    answers::{Named, error, for_all, named},
    urls::Urls,
};
use super::{
    DeadLetter, EntryAnswer, QueueAttributes, QueueClient, QueueError, QueueName, RedrivePolicy, VisibilityChange,
};
use crate::batch::{QueueArn, Record};

/// A [`QueueClient`] over the AWS SDK.
///
/// Takes a client that is ready: which TLS, credentials and region it has is yours to choose.
#[derive(Clone)]
pub struct SqsClient {
    client: Client,
    urls: Arc<Urls>,
}

impl SqsClient {
    /// Speaks through this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, urls: Arc::default() }
    }

    /// The URL of the queue that has this Amazon Resource Name, where `sqs:GetQueueUrl` shall not be asked.
    #[must_use]
    pub fn url(self, arn: &str, url: &str) -> Self {
        self.urls.learn(arn, url);
        self
    }

    async fn url_of(&self, queue: QueueName<'_>, time_left: Option<Duration>) -> Result<Arc<str>, QueueError> {
        match queue {
            QueueName::Url(url) => Ok(url.into()),
            QueueName::Arn(arn) => match self.urls.of(arn.as_str()) {
                Some(url) => Ok(url),
                None => self.ask_for_url(arn, time_left).await,
            },
        }
    }

    async fn ask_for_url(&self, arn: QueueArn<'_>, time_left: Option<Duration>) -> Result<Arc<str>, QueueError> {
        let request = self.client.get_queue_url().set_queue_name(arn.name().map(Into::into));
        let request = request.set_queue_owner_aws_account_id(arn.account().map(Into::into));
        let answer = request.customize().config_override(within(time_left)).send().await.map_err(|e| error(&e))?;
        let url = answer.queue_url().ok_or_else(|| QueueError::new("SQS gave no URL for the queue"))?;
        Ok(self.urls.learn(arn.as_str(), url))
    }

    async fn hide(&self, queue: QueueArn<'_>, changes: &[VisibilityChange], time: Time) -> Result<Named, QueueError> {
        let url = self.url_of(QueueName::Arn(queue), time).await?;
        let entries = changes.iter().enumerate().map(|(place, change)| entries::visibility(place, change));
        let request = self.client.change_message_visibility_batch().queue_url(&*url);
        let request = request.set_entries(Some(entries.collect::<Result<_, _>>()?));
        let answer = request.customize().config_override(within(time)).send().await.map_err(|e| error(&e))?;
        named(answer.successful().iter().map(|entry| entry.id()), answer.failed())
    }

    async fn copy(&self, to: QueueName<'_>, letters: &[DeadLetter], time: Time) -> Result<Named, QueueError> {
        let url = self.url_of(to, time).await?;
        let entries = letters.iter().enumerate().map(|(place, letter)| entries::letter(place, letter));
        let request = self.client.send_message_batch().queue_url(&*url);
        let request = request.set_entries(Some(entries.collect::<Result<_, _>>()?));
        let answer = request.customize().config_override(within(time)).send().await.map_err(|e| error(&e))?;
        named(answer.successful().iter().map(|entry| entry.id()), answer.failed())
    }

    async fn remove(&self, queue: QueueArn<'_>, records: &[Record], time: Time) -> Result<Named, QueueError> {
        let url = self.url_of(QueueName::Arn(queue), time).await?;
        let entries = records.iter().enumerate().map(|(place, record)| entries::delete(place, record));
        let request = self.client.delete_message_batch().queue_url(&*url);
        let request = request.set_entries(Some(entries.collect::<Result<_, _>>()?));
        let answer = request.customize().config_override(within(time)).send().await.map_err(|e| error(&e))?;
        named(answer.successful().iter().map(|entry| entry.id()), answer.failed())
    }

    async fn ask(&self, queue: QueueArn<'_>, time: Time) -> Result<QueueAttributes, QueueError> {
        let url = self.url_of(QueueName::Arn(queue), time).await?;
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::RedrivePolicy,
            QueueAttributeName::VisibilityTimeout,
        ];
        let answer = self.all_of(&url, &names, time).await?;
        Ok(attributes(&answer))
    }

    async fn all_of(&self, url: &str, names: &[QueueAttributeName], time: Time) -> Result<Attributes, QueueError> {
        let request = self.client.get_queue_attributes().queue_url(url).set_attribute_names(Some(names.into()));
        let answer = request.customize().config_override(within(time)).send().await.map_err(|e| error(&e))?;
        Ok(answer.attributes.unwrap_or_default())
    }
}

type Attributes = HashMap<QueueAttributeName, String>;

fn attributes(answer: &Attributes) -> QueueAttributes {
    let number = |name| answer.get(&name).and_then(|number| number.parse().ok());
    let policy = answer.get(&QueueAttributeName::RedrivePolicy);
    QueueAttributes {
        visibility_timeout: number(QueueAttributeName::VisibilityTimeout).map(Duration::from_secs),
        redrive_policy: policy.and_then(|policy| RedrivePolicy::from_json(policy)),
        backlog: number(QueueAttributeName::ApproximateNumberOfMessages),
    }
}

type Time = Option<Duration>;

/// The SDK has no time-out of its own for an operation: without one a dead connection would hold the answer back.
fn within(time_left: Time) -> Builder {
    /// An attempt that takes longer will not be answered any more.
    const ATTEMPT: Duration = Duration::from_secs(5);
    /// Where no end is known.
    const LONGEST: Duration = Duration::from_secs(15);
    let operation = time_left.unwrap_or(LONGEST).max(Duration::from_millis(1));
    let timeouts =
        TimeoutConfig::builder().operation_timeout(operation).operation_attempt_timeout(operation.min(ATTEMPT));
    Builder::default().timeout_config(timeouts.build())
}

impl QueueClient for SqsClient {
    fn attributes<'a>(&'a self, queue: QueueArn<'a>, time: Time) -> BoxFuture<'a, Result<QueueAttributes, QueueError>> {
        Box::pin(self.ask(queue, time))
    }

    fn change_visibility<'a>(
        &'a self,
        queue: QueueArn<'a>,
        changes: &'a [VisibilityChange],
        time: Time,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        Box::pin(async move { for_all(changes.len(), self.hide(queue, changes, time).await) })
    }

    fn send<'a>(&'a self, to: QueueName<'a>, letters: &'a [DeadLetter], time: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        Box::pin(async move { for_all(letters.len(), self.copy(to, letters, time).await) })
    }

    fn delete<'a>(&'a self, queue: QueueArn<'a>, records: &'a [Record], time: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        Box::pin(async move { for_all(records.len(), self.remove(queue, records, time).await) })
    }
}

impl fmt::Debug for SqsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqsClient").finish_non_exhaustive()
    }
}
