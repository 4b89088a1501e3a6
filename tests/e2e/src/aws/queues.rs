//! A queue with its dead-letter queue.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, bail, ensure};
use aws_sdk_sqs::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::{Message, MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry},
};
use serde_json::json;

use super::{KEY, REGION};
use crate::{
    account::{Letter, Sent},
    plan::Planned,
    template::Numbers,
};

/// As many as a request may have.
const MAX_ENTRIES: usize = 10;

/// A queue with its dead-letter queue, as in `template.yaml`.
pub(crate) struct Queue {
    client: Client,
    url: String,
    pub(crate) arn: String,
    dead_letter_url: String,
    pub(crate) dead_letter_arn: String,
    is_fifo: bool,
}

/// A message as a poller of ours has it.
pub(crate) struct Received {
    pub(crate) message: Message,
    pub(crate) receipt_handle: String,
}

impl Queue {
    /// Makes both.
    pub(crate) async fn create(endpoint: &str, name: &str, is_fifo: bool, numbers: &Numbers) -> anyhow::Result<Self> {
        let client = client(endpoint);
        let suffix = if is_fifo { ".fifo" } else { "" };
        let seconds = |time: Duration| time.as_secs().to_string();
        let kept = [(QueueAttributeName::MessageRetentionPeriod, seconds(numbers.dead_letter_retention))];
        let dead_letters = create(&client, &format!("{name}-dead{suffix}"), is_fifo, kept.into()).await?;
        let receives = numbers.max_receive_count;
        let policy = json!({"deadLetterTargetArn": dead_letters.1, "maxReceiveCount": receives}).to_string();
        let attributes = [
            (QueueAttributeName::VisibilityTimeout, seconds(numbers.visibility_timeout)),
            (QueueAttributeName::MessageRetentionPeriod, seconds(numbers.retention)),
            (QueueAttributeName::RedrivePolicy, policy),
        ];
        let (url, arn) = create(&client, &format!("{name}{suffix}"), is_fifo, attributes.into()).await?;
        let (dead_letter_url, dead_letter_arn) = dead_letters;
        Ok(Self { client, url, arn, dead_letter_url, dead_letter_arn, is_fifo })
    }

    /// Sends messages in this order, ten at a time.
    pub(crate) async fn send(&self, planned: Vec<Planned>) -> anyhow::Result<Vec<Sent>> {
        let mut sent = Vec::with_capacity(planned.len());
        for batch in planned.chunks(MAX_ENTRIES) {
            self.send_batch(batch, &mut sent).await.context("messages could not be sent")?;
        }
        Ok(sent)
    }

    async fn send_batch(&self, batch: &[Planned], sent: &mut Vec<Sent>) -> anyhow::Result<()> {
        let before = sent.len();
        let entries: Result<Vec<_>, _> =
            batch.iter().enumerate().map(|(place, planned)| self.entry(place, before + place, planned)).collect();
        let request = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries?));
        let output = request.send().await?;
        ensure!(output.failed().is_empty(), "refused: {:?}", output.failed());
        for (place, planned) in batch.iter().enumerate() {
            let id = place.to_string();
            let answer = output.successful().iter().find(|answer| answer.id() == id).context("no answer")?;
            sent.push(Sent { planned: planned.clone(), message_id: answer.message_id().to_owned() });
        }
        Ok(())
    }

    fn entry(&self, place: usize, nth: usize, planned: &Planned) -> anyhow::Result<SendMessageBatchRequestEntry> {
        // Copies of a message are messages of their own, which a FIFO queue must not drop. Those that are delivered again are
        // sent by themselves, and counted from the beginning.
        let deduplication = self.is_fifo.then(|| format!("{:?}-{nth}", planned.kind));
        let entry = SendMessageBatchRequestEntry::builder().id(place.to_string()).message_body(&planned.body);
        let entry = entry.set_message_group_id(planned.group.clone()).set_message_deduplication_id(deduplication);
        Ok(entry.build()?)
    }

    /// How many messages are in the queue, hidden ones included.
    pub(crate) async fn left(&self) -> anyhow::Result<u64> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ];
        let request = self.client.get_queue_attributes().queue_url(&self.url).set_attribute_names(Some(names.into()));
        let output = request.send().await?;
        let counts = output.attributes().context("no attributes")?;
        counts.values().map(|count| Ok(count.parse::<u64>()?)).sum()
    }

    /// How many messages are hidden.
    pub(crate) async fn hidden(&self) -> anyhow::Result<u64> {
        count(&self.client, &self.url, QueueAttributeName::ApproximateNumberOfMessagesNotVisible).await
    }

    /// How many dead letters wait for somebody.
    pub(crate) async fn waiting_dead_letters(&self) -> anyhow::Result<u64> {
        count(&self.client, &self.dead_letter_url, QueueAttributeName::ApproximateNumberOfMessages).await
    }

    /// Receives as a poller does. Empty where nothing is visible.
    pub(crate) async fn receive(&self) -> anyhow::Result<Vec<Received>> {
        received(&self.client, &self.url).await
    }

    /// Makes messages visible again.
    pub(crate) async fn release(&self, received: Vec<Received>) -> anyhow::Result<()> {
        for Received { receipt_handle, .. } in received {
            let request = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt_handle);
            request.visibility_timeout(0).send().await?;
        }
        Ok(())
    }

    /// Takes all dead letters.
    pub(crate) async fn dead_letters(&self) -> anyhow::Result<Vec<Letter>> {
        let mut letters = Vec::new();
        loop {
            let batch = received(&self.client, &self.dead_letter_url).await?;
            if batch.is_empty() {
                return Ok(letters);
            }
            for Received { message, receipt_handle } in batch {
                let request = self.client.delete_message().queue_url(&self.dead_letter_url);
                request.receipt_handle(receipt_handle).send().await?;
                letters.push(letter(message));
            }
        }
    }
}

fn client(endpoint: &str) -> Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(Credentials::new(KEY, KEY, None, None, "e2e"))
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .build();
    Client::from_conf(config)
}

/// URL and Amazon Resource Name of a new queue.
async fn create(
    client: &Client,
    name: &str,
    is_fifo: bool,
    mut attributes: BTreeMap<QueueAttributeName, String>,
) -> anyhow::Result<(String, String)> {
    if is_fifo {
        attributes.insert(QueueAttributeName::FifoQueue, "true".into());
    }
    let request = client.create_queue().queue_name(name).set_attributes(Some(attributes.into_iter().collect()));
    let Some(url) = request.send().await?.queue_url else { bail!("{name} has no URL") };
    let request = client.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::QueueArn);
    let output = request.send().await?;
    let arn = output.attributes().and_then(|all| all.get(&QueueAttributeName::QueueArn)).context("no ARN")?;
    Ok((url, arn.clone()))
}

async fn count(client: &Client, url: &str, name: QueueAttributeName) -> anyhow::Result<u64> {
    let request = client.get_queue_attributes().queue_url(url).attribute_names(name.clone());
    let output = request.send().await?;
    Ok(output.attributes().and_then(|all| all.get(&name)).context("no attributes")?.parse()?)
}

async fn received(client: &Client, url: &str) -> anyhow::Result<Vec<Received>> {
    let request = client.receive_message().queue_url(url).max_number_of_messages(10).message_attribute_names("All");
    let output = request.message_system_attribute_names(MessageSystemAttributeName::All).send().await?;
    let with_handle = |mut message: Message| {
        let receipt_handle = message.receipt_handle.take().context("a message without a receipt handle")?;
        Ok(Received { message, receipt_handle })
    };
    output.messages.unwrap_or_default().into_iter().map(with_handle).collect()
}

fn letter(message: Message) -> Letter {
    let values = message.message_attributes.unwrap_or_default().into_iter();
    let attributes = values.filter_map(|(name, value)| Some((name, value.string_value?))).collect();
    Letter { message_id: message.message_id.unwrap_or_default(), body: message.body.unwrap_or_default(), attributes }
}
