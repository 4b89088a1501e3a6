//! `orders`, as a function and as a worker.

use std::{collections::BTreeSet, pin::Pin, sync::Arc};

use orders::{Charged, InMemoryProvider, PaymentError, PaymentProvider, Shop, consumer_of};
use serde_json::{Value, json};
use sqs_runtime::{
    Consumer, Idempotency,
    claim::{
        IdempotencyKey,
        dynamodb::{DynamoDbStore, Table},
    },
    run::{Worker, WorkerConfig},
    testkit::PausedClock,
};

use super::{Aws, Message, assert_all_is_done, attributes, deliver, granted, hold, queue_in, table, told};
use crate::{
    support::outcomes,
    template::{Rule, Template},
};

/// A provider that never answers for one token.
struct Payments(InMemoryProvider);

impl PaymentProvider for Payments {
    fn charge<'a>(
        &'a self,
        key: &'a IdempotencyKey,
        payment_token: &'a str,
        cents: u64,
    ) -> Pin<Box<dyn Future<Output = Result<Charged, PaymentError>> + Send + 'a>> {
        match payment_token {
            "tok_silent" => Box::pin(std::future::pending()),
            _ => self.0.charge(key, payment_token, cents),
        }
    }
}

/// The consumer as its program makes it, with the settings of a template.
fn consumer(aws: &Aws, template: &Template, clock: &PausedClock) -> Consumer {
    let store = DynamoDbStore::new(aws.dynamodb(), Table::new(table(template, "IDEMPOTENCY_TABLE")));
    let shop = Shop::new(Arc::new(Payments(InMemoryProvider::new())));
    told(consumer_of(shop, Idempotency::new(store.clock(clock.clone()))), aws, template, clock)
}

fn order(id: &str, token: &str) -> Message {
    let items = json!([{"sku": "mug", "quantity": 1, "unitPriceCents": 100}]);
    (json!({"orderId": id, "customerId": "C-1", "paymentToken": token, "items": items}).to_string(), None)
}

/// One message of each kind.
fn orders() -> [Message; 6] {
    [
        order("lost", "tok_visa"),
        order("good", "tok_visa"),
        order("good", "tok_visa"),
        order("down", "tok_unavailable"),
        order("declined", "tok_declined"),
        order("held", "tok_visa"),
    ]
}

/// A world in which somebody else has the order `held`.
async fn world(template: &Template) -> Result<(Aws, PausedClock), String> {
    let clock = PausedClock::new();
    let aws = Aws::with_tables(&[(table(template, "IDEMPOTENCY_TABLE"), "id")]).await;
    let queue = template.queue_name()?;
    hold(&aws, consumer(&aws, template, &clock), queue, &clock, order("held", "tok_silent")).await;
    Ok((aws, clock))
}

#[tokio::test(start_paused = true)]
async fn the_functions_role_allows_what_the_function_does() -> Rule {
    let template = Template::read("template.yaml")?;
    let (aws, clock) = world(&template).await?;
    let report = deliver(&aws, consumer(&aws, &template, &clock), template.queue_name()?, &orders()).await;
    let expected = ["done", "done", "already done", "retry", "rejected", "in progress elsewhere"];
    assert_eq!(outcomes(&report), expected);
    assert_all_is_done(&template, &aws.take());
    Ok(())
}

/// As SQS hands them out.
fn received() -> Vec<Value> {
    let message = |(place, (body, group)): (usize, Message)| {
        let (id, handle) = (format!("m-{place}"), format!("h-{place}"));
        json!({"MessageId": id, "ReceiptHandle": handle, "Body": body, "Attributes": attributes(group)})
    };
    orders().into_iter().enumerate().map(message).collect()
}

#[tokio::test(start_paused = true)]
async fn the_tasks_role_allows_what_the_worker_does() -> Rule {
    let template = Template::read("template-worker.yaml")?;
    let (aws, clock) = world(&template).await?;
    aws.send(received());
    aws.lose_a_call();
    let url = queue_in(template.setting("SQS_RUNTIME_QUEUE_URL").ok_or("no queue")?);
    let config = WorkerConfig::new().queue(url).without_task_protection().until_empty();
    let worker =
        Worker::new(consumer(&aws, &template, &clock), aws.sqs(), config).map_err(|error| error.to_string())?;
    let handle = worker.handle();
    worker.run().await.map_err(|error| error.to_string())?;
    let stats = handle.stats();
    // What is in the dead-letter queue is done with.
    assert_eq!((stats.received, stats.done, stats.failed), (6, 4, 2), "{stats:?}");
    let (of_ecs, granted): (BTreeSet<_>, BTreeSet<_>) =
        granted(template.properties("WorkerRole")?).into_iter().partition(|(action, _)| action.starts_with("ecs:"));
    assert_eq!(aws.take(), granted);
    // ECS is asked through its agent: `worker/protection.rs` has what for.
    let task = "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task/${Cluster}/*";
    assert_eq!(of_ecs, BTreeSet::from([("ecs:UpdateTaskProtection".to_owned(), task.to_owned())]));
    Ok(())
}
