//! The client over the SDK, on ministack's SQS.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use aws_sdk_sqs::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    primitives::Blob,
    types::{Message, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName},
};
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use sqs_runtime::{
    Clock, SystemClock,
    batch::Batch,
    queue::{QueueClient, QueueSource, SqsClient},
    testkit::{
        SentMessage,
        conformance::{
            queues::{self, Site},
            sources,
        },
        event::AttributeValue,
    },
};

use crate::server::Server;

fn client(endpoint: &str) -> Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(Credentials::new("none", "none", None, None, "tests"))
        .region(Region::new("eu-west-1"))
        .endpoint_url(endpoint)
        .build();
    Client::from_conf(config)
}

struct Ministack {
    sqs: Client,
    client: SqsClient,
    url: String,
    dead_url: String,
    arn: String,
    next: AtomicU64,
}

impl Ministack {
    /// A queue and its dead-letter queue; `suffix` is `.fifo` or nothing.
    async fn new(sqs: Client, suffix: &str) -> Self {
        let fifo = (!suffix.is_empty()).then_some((QueueAttributeName::FifoQueue, "true"));
        let make = async |name: String, more: Vec<(QueueAttributeName, String)>| {
            let mut request = sqs.create_queue().queue_name(name);
            for (name, value) in fifo.clone().into_iter().map(|(name, value)| (name, value.to_owned())).chain(more) {
                request = request.attributes(name, value);
            }
            request.send().await.expect("a queue").queue_url().expect("its URL").to_owned()
        };
        let dead_url = make(format!("dead{suffix}"), Vec::new()).await;
        let dead_arn = arn_of(&sqs, &dead_url).await;
        let policy = json!({ "deadLetterTargetArn": dead_arn, "maxReceiveCount": 50 }).to_string();
        let attributes = vec![
            (QueueAttributeName::RedrivePolicy, policy),
            (QueueAttributeName::VisibilityTimeout, "300".to_owned()),
        ];
        let url = make(format!("orders{suffix}"), attributes).await;
        let arn = arn_of(&sqs, &url).await;
        let client = SqsClient::new(sqs.clone());
        Self { sqs, client, url, dead_url, arn, next: AtomicU64::new(0) }
    }

    async fn receive_from(&self, url: &str) -> Vec<Message> {
        let request = self.sqs.receive_message().queue_url(url).max_number_of_messages(10).wait_time_seconds(0);
        let request =
            request.message_attribute_names("All").message_system_attribute_names(MessageSystemAttributeName::All);
        request.send().await.expect("an answer").messages.unwrap_or_default()
    }
}

async fn arn_of(sqs: &Client, url: &str) -> String {
    let request = sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::QueueArn);
    let answer = request.send().await.expect("attributes");
    answer.attributes().and_then(|all| all.get(&QueueAttributeName::QueueArn)).expect("an ARN").clone()
}

/// A received message as Lambda's event source mapping would write it.
fn record(message: &Message, arn: &str) -> Value {
    let attributes = message.attributes().into_iter().flatten();
    let attributes: Map<_, _> = attributes.map(|(name, value)| (name.as_str().to_owned(), json!(value))).collect();
    json!({
        "messageId": message.message_id(),
        "receiptHandle": message.receipt_handle(),
        "body": message.body(),
        "attributes": attributes,
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": "eu-west-1",
    })
}

impl Site for Ministack {
    fn client(&self) -> &dyn QueueClient {
        &self.client
    }

    fn arn(&self) -> String {
        self.arn.clone()
    }

    fn send<'a>(&'a self, body: &'a str) -> BoxFuture<'a, ()> {
        let id = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        let id = self.arn.ends_with(".fifo").then_some(id);
        let request = self.sqs.send_message().queue_url(&self.url).message_body(body);
        let request = request.set_message_group_id(id.clone()).set_message_deduplication_id(id);
        Box::pin(async move { drop(request.send().await.expect("it is sent")) })
    }

    fn receive(&self) -> BoxFuture<'_, Batch> {
        Box::pin(async move {
            let messages = self.receive_from(&self.url).await;
            let records: Vec<_> = messages.iter().map(|message| record(message, &self.arn)).collect();
            Batch::from_json(json!({ "Records": records }).to_string()).expect("an SQS event")
        })
    }

    fn take_dead_letters(&self) -> BoxFuture<'_, Vec<(String, Option<String>)>> {
        Box::pin(async move {
            let messages = self.receive_from(&self.dead_url).await;
            let mut letters = Vec::new();
            for message in &messages {
                let original = message.message_attributes().and_then(|all| all.get("OriginalMessageId"));
                let original = original.and_then(|attribute| attribute.string_value()).map(ToOwned::to_owned);
                letters.push((message.body().unwrap_or_default().to_owned(), original));
                let request = self.sqs.delete_message().queue_url(&self.dead_url);
                request.set_receipt_handle(message.receipt_handle().map(Into::into)).send().await.expect("deleted");
            }
            letters
        })
    }
}

/// An attribute as the SDK sends it.
fn attribute(value: &AttributeValue) -> MessageAttributeValue {
    let sent = MessageAttributeValue::builder().data_type(value.data_type());
    let sent = sent.set_string_value(value.as_str().map(Into::into)).set_binary_value(value.as_bytes().map(Blob::new));
    sent.build().expect("it has a type")
}

impl sources::Site for Ministack {
    fn source(&self) -> &dyn QueueSource {
        &self.client
    }

    fn arn(&self) -> String {
        self.arn.clone()
    }

    fn url(&self) -> Option<String> {
        Some(self.url.clone())
    }

    fn send(&self, message: SentMessage) -> BoxFuture<'_, ()> {
        let attributes = message.attributes.iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
        let request = self.sqs.send_message().queue_url(&self.url).message_body(message.body);
        let request = request.set_message_attributes(Some(attributes));
        let request =
            request.set_message_group_id(message.group).set_message_deduplication_id(message.deduplication_id);
        Box::pin(async move { drop(request.send().await.expect("it is sent")) })
    }

    /// ministack takes no notice of them.
    fn knows_attempts(&self) -> bool {
        false
    }

    fn pass(&self, time: Duration) -> BoxFuture<'_, ()> {
        SystemClock::new().sleep(time)
    }
}

/// All but two: ministack grants more than 12 hours, and has an error for a message that is deleted once more, where SQS has none.
async fn conforms(site: &Ministack) {
    queues::a_message_that_is_given_back_is_visible_at_once(site).await;
    queues::a_message_that_is_hidden_is_not_received(site).await;
    queues::each_entry_of_a_call_has_its_own_answer(site).await;
    queues::ten_entries_fit_one_call(site).await;
    queues::a_queue_that_is_not_there_is_denied(site).await;
    queues::the_attributes_say_when_messages_go_where(site).await;
    queues::a_copy_arrives_with_its_body_and_its_reason(site).await;
    queues::a_copy_that_was_sent_twice_has_one_original_id(site).await;
    queues::a_receipt_of_a_deleted_message_is_lost(site).await;
}

#[tokio::test]
async fn the_client_over_the_sdk_keeps_its_promises_on_ministack() {
    let server = Server::ministack();
    let sqs = client(&server.endpoint);
    server.ready(|| sqs.list_queues().send()).await;
    for suffix in ["", ".fifo"] {
        let site = Ministack::new(sqs.clone(), suffix).await;
        conforms(&site).await;
        sources::all(&site).await;
    }
}
