//! What a worker asks of SQS: which queue that is, and its messages.

use std::time::Duration;

use aws_sdk_sqs::{
    config::{Builder, retry::RetryConfig, timeout::TimeoutConfig},
    types::{Message, MessageAttributeValue as Sent, MessageSystemAttributeName, QueueAttributeName},
};
use futures_util::future::BoxFuture;

use super::{SqsClient, answers::error, attributes};
use crate::{
    batch::{MessageAttribute, MessageAttributeValue, QueueArn},
    queue::{OpenQueue, QueueError, QueueName, QueueSource, ReceiveRequest, ReceivedMessage},
};

impl SqsClient {
    async fn find(&self, queue: QueueName<'_>) -> Result<OpenQueue, QueueError> {
        let url = self.url_of(queue, None).await?;
        let names =
            [QueueAttributeName::QueueArn, QueueAttributeName::RedrivePolicy, QueueAttributeName::VisibilityTimeout];
        let answer = self.all_of(&url, &names, None).await?;
        let arn = answer.get(&QueueAttributeName::QueueArn);
        let arn = arn.ok_or_else(|| QueueError::new("SQS gave no Amazon Resource Name for the queue"))?;
        self.urls.learn(arn, &url);
        Ok(OpenQueue::new(arn.as_str(), attributes(&answer)))
    }

    async fn take(&self, queue: QueueArn<'_>, request: ReceiveRequest<'_>) -> Result<Vec<ReceivedMessage>, QueueError> {
        let url = self.url_of(QueueName::Arn(queue), None).await?;
        let seconds = |time: Duration| i32::try_from(time.as_secs()).unwrap_or(i32::MAX);
        let receive = self.client.receive_message().queue_url(&*url);
        let receive = receive
            .max_number_of_messages(i32::try_from(request.most).unwrap_or(i32::MAX))
            .wait_time_seconds(seconds(request.wait))
            .visibility_timeout(seconds(request.visibility_timeout))
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .set_receive_request_attempt_id(request.attempt.map(Into::into));
        let answer = receive.customize().config_override(once_for(request.wait)).send().await;
        let answer = answer.map_err(|e| error(&e))?;
        Ok(answer.messages.unwrap_or_default().into_iter().map(received).collect())
    }
}

/// The SDK has no time-out of its own: a receive over a connection that is dead would hang for ever. And it would ask again without a
/// word, while what the first answer brought stays hidden: a worker asks again by itself, and says so.
fn once_for(wait: Duration) -> Builder {
    let timeouts = TimeoutConfig::builder().operation_timeout(wait + Duration::from_secs(10));
    Builder::default().timeout_config(timeouts.build()).retry_config(RetryConfig::disabled())
}

fn received(message: Message) -> ReceivedMessage {
    let attributes = message.attributes.unwrap_or_default().into_iter();
    let message_attributes = message.message_attributes.unwrap_or_default().into_iter();
    ReceivedMessage {
        message_id: message.message_id.unwrap_or_default(),
        receipt_handle: message.receipt_handle.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        md5_of_body: message.md5_of_body,
        md5_of_message_attributes: message.md5_of_message_attributes,
        attributes: attributes.map(|(name, value)| (name.as_str().to_owned(), value)).collect(),
        message_attributes: message_attributes.map(|(name, sent)| (name, attribute(sent))).collect(),
    }
}

/// A value that is missing becomes an empty text, as its type will tell.
fn attribute(sent: Sent) -> MessageAttribute {
    let value = match (sent.binary_value, sent.string_value.unwrap_or_default()) {
        (Some(bytes), _) => MessageAttributeValue::Binary(bytes.into_inner().into()),
        (None, text) if sent.data_type.starts_with("Number") => MessageAttributeValue::Number(text.into()),
        (None, text) => MessageAttributeValue::String(text.into()),
    };
    MessageAttribute::new(sent.data_type, value)
}

impl QueueSource for SqsClient {
    fn open<'a>(&'a self, queue: QueueName<'a>) -> BoxFuture<'a, Result<OpenQueue, QueueError>> {
        Box::pin(self.find(queue))
    }

    fn receive<'a>(
        &'a self,
        queue: QueueArn<'a>,
        request: ReceiveRequest<'a>,
    ) -> BoxFuture<'a, Result<Vec<ReceivedMessage>, QueueError>> {
        Box::pin(self.take(queue, request))
    }
}
