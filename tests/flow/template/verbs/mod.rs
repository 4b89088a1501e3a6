//! What the roles allow and what is done: the same, no more and no less.
//!
//! - `aws`: SQS and DynamoDB, which note what is asked of them.
//! - `orders`: its function, and its worker.
//! - `ledger`: its function.

mod aws;
mod ledger;
mod orders;

use std::{collections::BTreeSet, pin::pin, time::Duration};

use futures_util::future::{Either, select};
use serde_json::{Value, json};
use sqs_runtime::{
    Clock as _, Consumer,
    queue::Queue,
    run::{Pipeline, Report},
    testkit::PausedClock,
};

use self::aws::{Aws, Deed, arn, queue_in};
use super::{Node, Template};

/// A message: its body, and on a FIFO queue its group.
type Message = (String, Option<&'static str>);

/// The consumer, which tells its queue about failures where the template says.
fn told(consumer: Consumer, aws: &Aws, template: &Template, clock: &PausedClock) -> Consumer {
    let letters = queue_in(template.setting("SQS_RUNTIME_DEAD_LETTER_QUEUE").expect("a dead-letter queue"));
    consumer.queue(Queue::new(aws.sqs()).dead_letter_queue(letters)).clock(clock.clone())
}

/// The table that a setting names.
fn table<'a>(template: &'a Template, setting: &str) -> &'a str {
    template.setting(setting).and_then(|table| table.intrinsic("Ref")).expect("a table")
}

/// As SQS hands messages out: received once, sent a while ago.
fn attributes(group: Option<&str>) -> Value {
    let mut attributes = json!({"ApproximateReceiveCount": "1", "SentTimestamp": "1800000000000"});
    if let Some(group) = group {
        attributes["MessageGroupId"] = group.into();
    }
    attributes
}

/// As Lambda hands them on.
fn event(queue: &str, messages: &[Message]) -> String {
    let record = |(place, (body, group)): (usize, &Message)| {
        json!({
            "messageId": format!("m-{place}"), "receiptHandle": format!("h-{place}"), "body": body,
            "attributes": attributes(*group), "messageAttributes": {}, "eventSource": "aws:sqs", "eventSourceARN": arn(queue),
            "awsRegion": "eu-west-1",
        })
    };
    json!({"Records": messages.iter().enumerate().map(record).collect::<Vec<_>>()}).to_string()
}

/// Runs a batch whose claims lose their answer, and of which then one row loses every answer of a call.
async fn deliver(aws: &Aws, consumer: Consumer, queue: &str, messages: &[Message]) -> Report {
    let pipeline = Pipeline::for_tests(consumer);
    aws.lose_a_call();
    let invocation = pipeline.invocation(Some(Duration::from_secs(30)));
    pipeline.run_event(event(queue, messages), invocation).await.expect("an SQS event")
}

/// Leaves a message in the hands of a process that is no more, for longer than anybody waits.
async fn hold(aws: &Aws, consumer: Consumer, queue: &str, clock: &PausedClock, message: Message) {
    let pipeline = Pipeline::for_tests(consumer);
    let invocation = pipeline.invocation(Some(Duration::from_secs(900)));
    let run = pin!(pipeline.run_event(event(queue, &[message]), invocation));
    let ended = select(run, clock.sleep(Duration::from_secs(1))).await;
    assert!(matches!(ended, Either::Right(_)), "its handler never ends");
    aws.take();
}

/// What a role allows, by the names of the resources. Logs are Lambda's and ECS' own business.
fn granted(role: Node<'_>) -> BTreeSet<Deed> {
    let deeds = role.statements().into_iter().flat_map(|statement| {
        let resource = statement.at("Resource").map(|resource| resource.words().concat()).unwrap_or_default();
        let resource = resource.strip_suffix(".Arn").unwrap_or(&resource).to_owned();
        statement.strings("Action").into_iter().map(move |action| (action.to_owned(), resource.clone()))
    });
    deeds.filter(|(action, _)| !action.starts_with("logs:")).collect()
}

/// Holds a function's role to what it did; what Lambda's poller does in the function's name is not seen here.
fn assert_all_is_done(template: &Template, done: &BTreeSet<Deed>) {
    const POLLER: [&str; 3] = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
    let queue = template.queue_name().expect("a queue");
    let granted = granted(template.role().expect("a role"));
    let poller = BTreeSet::from(POLLER.map(|action| (action.to_owned(), queue.to_owned())));
    assert!(granted.is_superset(&poller), "Lambda cannot poll the queue");
    assert_eq!(done - &poller, &granted - &poller);
}
