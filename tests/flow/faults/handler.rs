//! The consumer of every case, and what its handlers did.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Update};
use sqs_runtime::{
    Consumer, Failure, Idempotency,
    claim::{
        FencingToken, Lease,
        dynamodb::{DynamoDbStore, Table},
    },
    extract::{Body, FromDelivery, Transaction},
    handler::Delivery,
    run::Pipeline,
    testkit::Seeded,
};

use super::{
    case::{End, Turn},
    server::{BUSINESS, TABLE, gate},
    way::Way,
    wire::Wire,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) record: usize,
    pub(super) delivery: u32,
    pub(super) lease: Option<Lease>,
    pub(super) succeeds: bool,
}

impl Run {
    pub(super) fn fencing_token(&self) -> Option<FencingToken> {
        self.lease.as_ref().map(Lease::fencing_token)
    }
}

/// What is common to the handlers of one case.
#[derive(Default)]
pub(super) struct Doing {
    pub(super) turn: Turn,
    pub(super) runs: Vec<Run>,
}

pub(super) type Shared = Arc<Mutex<Doing>>;

/// What a handler is given besides its message.
struct Given {
    lease: Option<Lease>,
    key: String,
    transaction: Option<Transaction>,
}

impl FromDelivery<Way> for Given {
    type Rejection = Failure;

    async fn from_delivery(delivery: &Delivery, way: &Way) -> Result<Self, Failure> {
        let transaction = match way.transacts() {
            true => Some(Transaction::from_delivery(delivery, way).await?),
            false => None,
        };
        let key = delivery.idempotency_key().map(|key| key.as_str().to_owned()).unwrap_or_default();
        Ok(Self { lease: delivery.lease().cloned(), key, transaction })
    }
}

/// A process: a consumer over a client of its own. Its number stands for its chance.
pub(super) fn process(way: Way, wire: &Wire, doing: &Shared, number: u64) -> Pipeline {
    let store = DynamoDbStore::new(wire.client(), Table::new(TABLE)).clock(wire.clock().clone());
    let store = store.write_together(way.has_company());
    let (seen, doing) = (wire.clone(), Arc::clone(doing));
    let consumer = Consumer::new(move |given: Given, body: Body| {
        let (seen, doing) = (seen.clone(), Arc::clone(&doing));
        async move { handle(way, &seen, &doing, &given, body.parse().expect("a place in the batch")) }
    });
    let consumer = consumer.state(way).idempotency(way.guard(Idempotency::new(store)));
    let consumer = consumer.clock(wire.clock().clone()).random(Seeded::new(number.wrapping_mul(0x1000_0000_0000)));
    Pipeline::new(consumer).expect("idempotency is said")
}

fn handle(way: Way, wire: &Wire, doing: &Shared, given: &Given, record: usize) -> Result<(), Failure> {
    let (end, by_condition) = {
        let (mut state, mut doing) = (wire.state(), doing.lock().expect("no panic"));
        let (delivery, row) = (state.delivery, state.row(record));
        let is_held = |lease: &Lease| {
            let is_owner = row.owner() == lease.owner().to_text() && row.fence() == lease.fencing_token().0;
            row.is("INPROGRESS") && is_owner
        };
        if given.lease.is_some() != way.claims() || !given.lease.as_ref().is_none_or(is_held) {
            state.ledger.wrong.push(format!("a handler runs under its own claim: {:?}, {row:?}", given.lease));
        }
        let end = doing.turn.end(record, delivery);
        let succeeds = end == End::Succeeds;
        doing.runs.push(Run { record, delivery, lease: given.lease.clone(), succeeds });
        (end, doing.turn.by_condition)
    };
    match end {
        End::Panics => std::panic::resume_unwind(Box::new("asked to panic")),
        End::Fails if !by_condition => Err(Failure::retry("asked to fail")),
        End::IsRejected if !by_condition => Err(Failure::reject("asked to be rejected")),
        end => given.transaction.as_ref().map_or(Ok(()), |transaction| write(transaction, &given.key, end)),
    }
}

/// Counts: no condition of its own, so that a second commit would show. What is to fail asks for a gate that is not open yet.
fn write(transaction: &Transaction, key: &str, end: End) -> Result<(), Failure> {
    let count = Update::builder()
        .table_name(BUSINESS)
        .key("id", AttributeValue::S(key.to_owned()))
        .update_expression("ADD #count :one")
        .expression_attribute_names("#count", "count")
        .expression_attribute_values(":one", AttributeValue::N("1".into()));
    transaction.update(count.build()?);
    if end != End::Succeeds {
        let check = ConditionCheck::builder()
            .table_name(BUSINESS)
            .key("id", AttributeValue::S(gate(key)))
            .condition_expression("attribute_exists(id)");
        let added = transaction.check(check.build()?);
        if end == End::IsRejected {
            added.if_refused(Failure::reject("asked to be rejected"));
        }
    }
    Ok(())
}
