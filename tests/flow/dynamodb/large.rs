//! Results beyond what an item can hold.

use aws_sdk_dynamodb::types::{AttributeValue, Put};
use sqs_runtime::{
    Consumer, Failure, Idempotency,
    claim::{IdempotencyKey, Mode, RowStatus, StoredResult},
    extract::Transaction,
    run::Pipeline,
};

use super::counting::Counted;
use crate::support::{event, outcomes, record, run_again};

/// DynamoDB's limit for an item is 400 KB. The success matters more than its result: it is recorded without.
#[tokio::test]
async fn a_result_that_does_not_fit_into_its_row_leaves_a_note() {
    for mode in [Mode::Lease, Mode::CommitOnly] {
        for with_transaction in [false, true] {
            let counted = Counted::new().await;
            let consumer = Consumer::new(move |transaction: Transaction| async move {
                if with_transaction {
                    let put = Put::builder().table_name("orders").item("orderId", AttributeValue::S("A-1".into()));
                    transaction.put(put.build()?);
                }
                Ok::<_, Failure>("x".repeat(500_000))
            });
            let idempotency = Idempotency::new(counted.store()).mode(mode).keep_results(1_000_000);
            let pipeline = Pipeline::for_tests(consumer.idempotency(idempotency.clone()));
            assert_eq!(outcomes(&run_again(&pipeline, &event(&[record("m-1", "x")])).await), ["done"]);
            let key = IdempotencyKey::derive("orders", &[b"m-1"]);
            let state = idempotency.status(&key).await.expect("an answer").expect("a row");
            let omitted = RowStatus::Completed { result: StoredResult::Omitted };
            assert_eq!(state.status, omitted, "{mode:?}, with a transaction: {with_transaction}");
            assert_eq!(counted.order("A-1").await.is_some(), with_transaction);
        }
    }
}
