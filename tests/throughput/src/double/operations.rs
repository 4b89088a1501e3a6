//! SQS's operations, as far as a consumer asks for them.

use std::time::Duration;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sqs_runtime::Clock as _;

use super::{
    Double,
    message::{ARN, message},
    queue::Queue,
};

/// What SQS answers to a request that it refuses.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// The answer to that operation.
pub(super) async fn answer(double: &Double, operation: &str, request: &[u8]) -> Result<Value, Refusal> {
    double.queue().asked(operation);
    match operation {
        "ReceiveMessage" => Ok(receive(double, &read(request)?).await),
        "DeleteMessage" => delete(double, &read(request)?),
        "DeleteMessageBatch" => Ok(delete_batch(double, &read(request)?)),
        "ChangeMessageVisibilityBatch" => Ok(change_visibility_batch(double, &read(request)?)),
        "GetQueueAttributes" => Ok(json!({"Attributes": {"QueueArn": ARN, "VisibilityTimeout": "30"}})),
        "GetQueueUrl" => Ok(json!({"QueueUrl": double.url})),
        other => Err(Refusal { code: "InvalidAction", message: format!("no operation is called {other:?} here") }),
    }
}

fn read<T: DeserializeOwned>(request: &[u8]) -> Result<T, Refusal> {
    let refused = |error: serde_json::Error| Refusal { code: "InvalidParameterValue", message: error.to_string() };
    serde_json::from_slice(request).map_err(refused)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Receive {
    #[serde(default = "one")]
    max_number_of_messages: usize,
    #[serde(default)]
    wait_time_seconds: u64,
    /// Those of which it asks for one get all.
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
}

fn one() -> usize {
    1
}

async fn receive(double: &Double, request: &Receive) -> Value {
    let taken = double.queue().take(request.max_number_of_messages, double.now());
    if taken.is_empty() {
        // Nobody sends any more: the wait is for nothing, as it is on an idle queue.
        double.clock.sleep(Duration::from_secs(request.wait_time_seconds)).await;
        return json!({});
    }
    let with_attributes = !request.message_system_attribute_names.is_empty();
    json!({"Messages": taken.map(|number| message(number, with_attributes)).collect::<Vec<_>>()})
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    receipt_handle: String,
}

fn delete(double: &Double, request: &Delete) -> Result<Value, Refusal> {
    if double.queue().delete(&request.receipt_handle, double.now()) {
        Ok(json!({}))
    } else {
        Err(Refusal { code: "ReceiptHandleIsInvalid", message: "no message is hidden by this receipt".to_owned() })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entries {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    id: String,
    receipt_handle: String,
}

fn delete_batch(double: &Double, request: &Entries) -> Value {
    let now = double.now();
    for_each(double, request, |queue, receipt_handle| queue.delete(receipt_handle, now))
}

/// Nothing comes back here, so that there is nothing to change.
fn change_visibility_batch(double: &Double, request: &Entries) -> Value {
    for_each(double, request, |queue, receipt_handle| queue.has(receipt_handle))
}

fn for_each(double: &Double, request: &Entries, mut ask: impl FnMut(&mut Queue, &str) -> bool) -> Value {
    let mut queue = double.queue();
    let (successful, failed): (Vec<_>, Vec<_>) =
        request.entries.iter().partition(|entry| ask(&mut queue, &entry.receipt_handle));
    let successful: Vec<_> = successful.into_iter().map(|entry| json!({"Id": entry.id})).collect();
    let failed = failed
        .into_iter()
        .map(|entry| json!({"Id": entry.id, "Code": "ReceiptHandleIsInvalid", "SenderFault": true}))
        .collect::<Vec<_>>();
    json!({"Successful": successful, "Failed": failed})
}
