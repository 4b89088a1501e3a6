//! Requests and units per message in each mode, counted at the wire. `runtime/docs/idempotency.md` has them as a table.

use aws_sdk_dynamodb::types::{AttributeValue, Put};
use serde_json::{Value, json};
use sqs_runtime::{
    Consumer, Failure, Idempotency,
    claim::{Key, Mode},
    extract::{Body, Transaction},
    run::Pipeline,
};

use super::counting::{Counted, Sent};
use crate::support::{event, outcomes, record, root, run_again};

#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    mode: Mode,
    transacts: bool,
}

const WAYS: [Way; 4] = [
    Way { name: "`lease`", mode: Mode::Lease, transacts: false },
    Way { name: "`lease` with a transaction", mode: Mode::Lease, transacts: true },
    Way { name: "`commit_only` with a transaction", mode: Mode::CommitOnly, transacts: true },
    Way { name: "`mark_after`", mode: Mode::MarkAfter, transacts: false },
];

/// A consumer in another process: it has seen nothing.
fn process(counted: &Counted, way: Way) -> Pipeline {
    let key = Key::pointer("/order").key_alone();
    let idempotency = Idempotency::new(counted.store()).mode(way.mode).key(key);
    let consumer = if way.transacts { Consumer::new(put) } else { Consumer::new(|| async {}) };
    Pipeline::new(consumer.idempotency(idempotency)).expect("idempotency is said")
}

async fn put(transaction: Transaction, body: Body) -> Result<(), Failure> {
    let order: Value = serde_json::from_str(body.as_str())?;
    let id = AttributeValue::S(order["order"].to_string());
    transaction.put(Put::builder().table_name("orders").item("orderId", id).build()?);
    Ok(())
}

fn message(id: &str, receive_count: u32) -> String {
    let mut record = record(id, r#"{"order":"A-1"}"#);
    record["attributes"]["ApproximateReceiveCount"] = json!(receive_count.to_string());
    event(&[record])
}

/// A message, the same message again, and another message with the same key; each in a process of its own.
async fn figures(way: Way) -> [Sent; 3] {
    let counted = Counted::new().await;
    let mut figures = [Sent::default(); 3];
    let deliveries = [("m-1", 1, "done"), ("m-1", 2, "already done"), ("m-2", 1, "already done")];
    for (figure, (id, receive_count, outcome)) in figures.iter_mut().zip(deliveries) {
        let report = run_again(&process(&counted, way), &message(id, receive_count)).await;
        assert_eq!(outcomes(&report), [outcome], "{}", way.name);
        *figure = counted.take();
    }
    figures
}

fn sent(requests: usize, write_units: usize, read_units: usize, own_items: usize) -> Sent {
    Sent { requests, write_units, read_units, own_items }
}

#[tokio::test]
async fn what_a_message_costs_in_each_mode() {
    let expected = [
        [sent(2, 2, 0, 0), sent(1, 0, 1, 0), sent(1, 1, 0, 0)],
        [sent(2, 3, 0, 1), sent(1, 0, 1, 0), sent(1, 1, 0, 0)],
        [sent(1, 2, 0, 1), sent(1, 0, 1, 0), sent(1, 2, 0, 1)],
        [sent(1, 1, 0, 0), sent(1, 0, 1, 0), sent(1, 1, 0, 0)],
    ];
    let mut table = Vec::new();
    for (way, expected) in WAYS.into_iter().zip(expected) {
        let figures = figures(way).await;
        assert_eq!(figures, expected, "{}", way.name);
        let cell = |sent: Sent| match sent {
            Sent { requests, write_units: 0, read_units, .. } => format!("{requests} request, {read_units} read unit"),
            Sent { requests: 1, write_units: 1, .. } => "1 request, 1 write unit".to_owned(),
            Sent { requests: 1, write_units, .. } => format!("1 request, {write_units} write units"),
            Sent { requests, write_units, .. } => format!("{requests} requests, {write_units} write units"),
        };
        let [first, again, twice] = figures.map(cell);
        table.push(format!("| {} | {first} | {again} | {twice} |", way.name));
    }
    let docs = std::fs::read_to_string(root().join("runtime/docs/idempotency.md")).expect("the page");
    for row in &table {
        assert!(docs.contains(row), "the page lacks this row:\n{}", table.join("\n"));
    }
}

/// What this process saw committed costs nothing.
#[tokio::test]
async fn a_duplicate_that_meets_the_same_process_asks_nobody() {
    let counted = Counted::new().await;
    let pipeline = process(&counted, WAYS[0]);
    run_again(&pipeline, &message("m-1", 1)).await;
    counted.take();
    for (id, receive_count) in [("m-1", 2), ("m-2", 1)] {
        assert_eq!(outcomes(&run_again(&pipeline, &message(id, receive_count)).await), ["already done"]);
    }
    assert_eq!(counted.take(), Sent::default());
}
