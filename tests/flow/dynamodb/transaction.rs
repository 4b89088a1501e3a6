//! A handler's writes commit with its success, or not at all.

use sqs_runtime::{Consumer, Idempotency, claim::Mode, extract::Transaction, run::Pipeline};

use super::counting::Counted;
use crate::{
    support::{event, outcomes, record, run_again},
    transactions,
};

#[tokio::test]
async fn every_promise_of_a_transaction() {
    transactions::all(&Counted::new().await.client).await;
}

/// A message whose handler adds nothing is recorded as ever.
#[tokio::test]
async fn a_transaction_without_a_write_is_no_transaction() {
    let counted = Counted::new().await;
    let idempotency = Idempotency::new(counted.store()).mode(Mode::CommitOnly);
    let pipeline = Pipeline::for_tests(Consumer::new(|_: Transaction| async {}).idempotency(idempotency));
    assert_eq!(outcomes(&run_again(&pipeline, &event(&[record("m-1", "x")])).await), ["done"]);
    let sent = counted.take();
    assert_eq!((sent.requests, sent.write_units), (1, 1));
}
