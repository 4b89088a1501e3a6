//! What a start asks the table.

use sqs_runtime::{
    Idempotency,
    claim::dynamodb::{DynamoDbStore, Table},
};

use super::counting::{Counted, Sent};

/// One row, once: what a probe has read need not be read again.
#[tokio::test]
async fn a_start_reads_one_row() {
    let one = Sent { requests: 1, read_units: 1, ..Sent::default() };
    let counted = Counted::new().await;
    let idempotency = Idempotency::new(counted.store());
    idempotency.warm().await.unwrap();
    assert_eq!(counted.take(), one);
    idempotency.warm().await.unwrap();
    assert_eq!(counted.take(), Sent::default());

    let store = counted.store();
    store.probe().await.unwrap();
    assert_eq!(counted.take(), one);
    Idempotency::new(store).warm().await.unwrap();
    assert_eq!(counted.take(), Sent::default());
}

/// It is asked again until it can be read.
#[tokio::test]
async fn a_table_that_is_missing_is_told_each_time() {
    let counted = Counted::new().await;
    let missing = Idempotency::new(DynamoDbStore::new(counted.client.clone(), Table::new("nowhere")));
    for _ in 0..2 {
        let error = missing.warm().await.unwrap_err();
        assert!(error.to_string().contains("there is no such table"), "{error}");
        assert_eq!(counted.take().requests, 1);
    }
    Idempotency::memory().warm().await.unwrap();
}
