//! Queues, and what names one of them as a dead-letter queue.

use super::id;
use crate::doctor::{
    model::{Queue, Redrive},
    read::{Node, Value},
    resolve::Resource,
    setting::{Place, Setting},
};

pub(super) fn queue(resource: &Resource) -> Queue {
    Queue {
        id: id(resource, "QueueName"),
        fifo: resource.at("FifoQueue").flag(),
        visibility: resource.at("VisibilityTimeout").number(),
        retention: resource.at("MessageRetentionPeriod").number(),
        wait: resource.at("ReceiveMessageWaitTimeSeconds").number(),
        redrive: resource.at("RedrivePolicy").and_then(redrive),
        allows_redrive: resource.at("RedriveAllowPolicy").is_filled(),
        managed_encryption: resource.at("SqsManagedSseEnabled").flag(),
        key: resource.at("KmsMasterKeyId").is_filled(),
    }
}

pub(in crate::doctor) fn redrive(policy: &Node) -> Setting<Redrive> {
    let (target, max_receives) = (policy.at("deadLetterTargetArn").text(), policy.at("maxReceiveCount").number());
    let place = target.place(max_receives.place(Place::line(policy.line)));
    Setting::Known(Redrive { target, max_receives }, place)
}

/// The texts under every key that speaks of dead letters or failures, whatever kind of resource it is in.
pub(super) fn add_dead_letter_targets(targets: &mut Vec<String>, resource: &Resource) {
    if let Some(properties) = resource.properties() {
        search(targets, properties, false);
    }
}

fn search(targets: &mut Vec<String>, node: &Node, is_meant: bool) {
    match &node.value {
        Value::Text(text) if is_meant => targets.push(text.clone()),
        Value::List(items) => items.iter().for_each(|item| search(targets, item, is_meant)),
        Value::Map(map) => {
            for (key, value) in &map.entries {
                search(targets, value, is_meant || speaks_of_dead_letters(&key.name));
            }
        }
        Value::Text(_) | Value::Nothing | Value::Unknown => {}
    }
}

pub(in crate::doctor) fn speaks_of_dead_letters(key: &str) -> bool {
    // In a function's variables too: `SQS_RUNTIME_DEAD_LETTER_QUEUE`.
    let key = key.replace('_', "").to_ascii_lowercase();
    key.contains("deadletter") || key.contains("dlq") || key == "onfailure"
}
