//! A poller that dies before it deletes.
//!
//! It receives messages, lets the function do them, hears that all of them are done, and then does not delete them. So they come a second
//! time, to the event source mapping: the most common redelivery there is.

use anyhow::{Context as _, ensure};
use aws_sdk_sqs::types::Message;
use serde_json::{Map, Value, json};

use crate::{
    aws::{Lambda, Queue, REGION, Received},
    functions::Function,
};

/// Has so many messages done that stay in the queue.
pub(crate) async fn deliver_and_die(
    queue: &Queue,
    lambda: &Lambda,
    function: &Function,
    messages: usize,
) -> anyhow::Result<()> {
    let mut held = Vec::new();
    while held.len() < messages {
        let batch = queue.receive().await?;
        ensure!(!batch.is_empty(), "{} of {messages} messages are visible before the mapping is made", held.len());
        let records: Vec<Value> = batch.iter().map(|received| record(received, &queue.arn)).collect();
        let answer = lambda.invoke(function.name, &json!({ "Records": records })).await?;
        let failures = answer.get("batchItemFailures").and_then(Value::as_array).context("no list of failures")?;
        ensure!(failures.is_empty(), "{}: a first delivery failed: {answer}", function.name);
        held.extend(batch);
    }
    queue.release(held).await
}

/// A message as Lambda hands it to a function.
fn record(received: &Received, queue_arn: &str) -> Value {
    let Message { message_id, body, md5_of_body, attributes, .. } = &received.message;
    let attributes: Map<String, Value> =
        attributes.iter().flatten().map(|(name, value)| (name.as_str().to_owned(), value.as_str().into())).collect();
    json!({
        "messageId": message_id,
        "receiptHandle": received.receipt_handle,
        "body": body,
        "md5OfBody": md5_of_body,
        "attributes": attributes,
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    })
}
