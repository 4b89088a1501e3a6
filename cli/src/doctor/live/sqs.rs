//! SQS: how queues are set, and what their own policies allow.

use std::collections::HashMap;

use aws_sdk_sqs::{Client, types::QueueAttributeName};

use super::{
    reading::Reading,
    stack::{Resource, Stack},
};
use crate::doctor::{
    describe::{redrive, statements},
    model::{Queue, QueuePolicy},
    read::{Node, document},
    setting::Setting,
};

pub(super) async fn read(client: &Client, reading: &mut Reading, stack: &Stack) {
    for resource in stack.queues() {
        let call = client.get_queue_attributes().queue_url(&resource.physical).attribute_names(QueueAttributeName::All);
        let answer = reading.ask(&resource.both(), "sqs:GetQueueAttributes", call.send()).await;
        let said = Attributes(answer.map(|answer| answer.attributes.unwrap_or_default()));
        add(reading, resource, &said);
    }
}

fn add(reading: &mut Reading, resource: &Resource, said: &Attributes) {
    let queue = queue(resource, said);
    match &queue.redrive {
        Setting::Known(redrive, _) => reading.model.dead_letter_targets.extend(redrive.target.known().cloned()),
        Setting::Absent => {}
        Setting::Unknown => reading.hides_dead_letters = true,
    }
    if let Some(policy) = said.document(QueueAttributeName::Policy).known() {
        reading.model.queue_policies.push(QueuePolicy { id: resource.id(), statements: statements(policy) });
    }
    reading.model.queues.push(queue);
}

fn queue(resource: &Resource, said: &Attributes) -> Queue {
    Queue {
        id: resource.id(),
        fifo: said.parsed(QueueAttributeName::FifoQueue),
        visibility: said.parsed(QueueAttributeName::VisibilityTimeout),
        retention: said.parsed(QueueAttributeName::MessageRetentionPeriod),
        wait: said.parsed(QueueAttributeName::ReceiveMessageWaitTimeSeconds),
        redrive: said.document(QueueAttributeName::RedrivePolicy).and_then(|policy| redrive(&policy)),
        allows_redrive: said.text(QueueAttributeName::RedriveAllowPolicy).read(|_| Some(true)),
        managed_encryption: said.parsed(QueueAttributeName::SqsManagedSseEnabled),
        key: said.text(QueueAttributeName::KmsMasterKeyId).read(|_| Some(true)),
    }
}

/// A queue's attributes, where SQS has answered.
struct Attributes(Option<HashMap<QueueAttributeName, String>>);

impl Attributes {
    /// SQS gives an attribute that was taken back as an empty text.
    fn text(&self, name: QueueAttributeName) -> Setting<String> {
        let Some(all) = &self.0 else { return Setting::Unknown };
        Setting::said(all.get(&name).filter(|text| !text.is_empty()).cloned())
    }

    fn parsed<T: std::str::FromStr>(&self, name: QueueAttributeName) -> Setting<T> {
        self.text(name).read(|text| text.parse().ok())
    }

    fn document(&self, name: QueueAttributeName) -> Setting<Node> {
        self.text(name).read(|text| document(&text))
    }
}
