//! A handler's writes commit with its success, or not at all.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use aws_sdk_dynamodb::types::{AttributeValue, Put, Update};
use sqs_runtime::{
    Consumer, Failure, Idempotency,
    claim::{IdempotencyKey, Mode, RowStatus},
    extract::{Body, Transaction},
    run::{Pipeline, Replay},
};

use super::counting::Counted;
use crate::support::{event, outcomes, reasons, record, run_again};

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// Counts one more commit of an order.
fn one_more(order: &str) -> Result<Update, Failure> {
    let update = Update::builder().table_name("orders").key("orderId", text(order));
    let update = update.update_expression("ADD commits :one");
    Ok(update.expression_attribute_values(":one", AttributeValue::N("1".into())).build()?)
}

/// Refused where the order is there already.
fn new_only(order: &str) -> Result<Put, Failure> {
    let put = Put::builder().table_name("orders").item("orderId", text(order));
    Ok(put.condition_expression("attribute_not_exists(orderId)").build()?)
}

async fn commits(counted: &Counted, order: &str) -> Option<String> {
    let item = counted.order(order).await?;
    item.get("commits").and_then(|commits| commits.as_n().ok()).cloned()
}

fn idempotency(counted: &Counted, mode: Mode) -> Idempotency {
    Idempotency::new(counted.store()).mode(mode).cached_keys(0)
}

const MODES: [Mode; 2] = [Mode::Lease, Mode::CommitOnly];

#[tokio::test]
async fn writes_commit_once_with_their_message() {
    for mode in MODES {
        let counted = Counted::new().await;
        let consumer = Consumer::new(|transaction: Transaction, order: Body| async move {
            transaction.update(one_more(order.as_str())?);
            Ok::<_, Failure>(())
        });
        let pipeline = Pipeline::for_tests(consumer.idempotency(idempotency(&counted, mode)));
        let event = event(&[record("m-1", "A-1"), record("m-2", "A-2")]);
        let replayed = Replay::new().redeliver(2).event(&pipeline, event).await.expect("answered");
        let seen: Vec<_> = replayed.reports().iter().map(outcomes).collect();
        assert_eq!(seen, [["done"; 2], ["already done"; 2], ["already done"; 2]], "{mode:?}");
        assert_eq!(commits(&counted, "A-1").await.as_deref(), Some("1"));
        assert_eq!(commits(&counted, "A-2").await.as_deref(), Some("1"));
    }
}

#[tokio::test]
async fn a_handler_that_fails_writes_nothing() {
    for mode in MODES {
        let counted = Counted::new().await;
        let consumer = Consumer::new(|transaction: Transaction| async move {
            transaction.update(one_more("A-1")?);
            Err::<(), _>(Failure::retry("asked to fail"))
        });
        let pipeline = Pipeline::for_tests(consumer.idempotency(idempotency(&counted, mode)));
        assert_eq!(outcomes(&run_again(&pipeline, &event(&[record("m-1", "x")])).await), ["retry"]);
        assert_eq!(counted.order("A-1").await, None);
    }
}

/// The other writes of the message, and its own record, are not written either.
#[tokio::test]
async fn a_refused_condition_means_what_the_handler_says() {
    for mode in MODES {
        let counted = Counted::new().await;
        let consumer = Consumer::new(|transaction: Transaction, body: Body| async move {
            transaction.update(one_more("A-1")?);
            let put = transaction.put(new_only("A-2")?);
            if body.as_str() == "reject" {
                put.if_refused(Failure::reject("A-2 is there already"));
            }
            Ok::<_, Failure>(())
        });
        let pipeline = Pipeline::for_tests(consumer.idempotency(idempotency(&counted, mode)));
        counted.client.put_item().table_name("orders").item("orderId", text("A-2")).send().await.expect("a table");
        let report = run_again(&pipeline, &event(&[record("m-1", "retry"), record("m-2", "reject")])).await;
        assert_eq!(outcomes(&report), ["retry", "rejected"], "{mode:?}");
        assert_eq!(reasons(&report), ["a condition of the handler's writes did not hold", "A-2 is there already"]);
        assert_eq!(commits(&counted, "A-1").await, None);

        // Nothing is left in the way of the next delivery.
        let delete = counted.client.delete_item().table_name("orders").key("orderId", text("A-2"));
        delete.send().await.expect("a table");
        assert_eq!(outcomes(&run_again(&pipeline, &event(&[record("m-1", "retry")])).await), ["done"]);
        assert_eq!(commits(&counted, "A-1").await.as_deref(), Some("1"));
    }
}

/// A message whose handler adds nothing is recorded as ever.
#[tokio::test]
async fn a_transaction_without_a_write_is_no_transaction() {
    let counted = Counted::new().await;
    let consumer = Consumer::new(|_: Transaction| async {});
    let pipeline = Pipeline::for_tests(consumer.idempotency(idempotency(&counted, Mode::CommitOnly)));
    assert_eq!(outcomes(&run_again(&pipeline, &event(&[record("m-1", "x")])).await), ["done"]);
    let sent = counted.take();
    assert_eq!((sent.requests, sent.write_units), (1, 1));
}

/// Two that run at the same time waste one run; one commits.
#[tokio::test]
async fn commit_only_lets_runs_overlap_and_commits_one() {
    let counted = Counted::new().await;
    let (runs, both) = (Arc::new(AtomicUsize::new(0)), Arc::new(tokio::sync::Barrier::new(2)));
    let process = || {
        let (runs, both) = (Arc::clone(&runs), Arc::clone(&both));
        let consumer = Consumer::new(move |transaction: Transaction| {
            let (runs, both) = (Arc::clone(&runs), Arc::clone(&both));
            async move {
                runs.fetch_add(1, SeqCst);
                transaction.update(one_more("A-1")?);
                both.wait().await;
                Ok::<_, Failure>(())
            }
        });
        Pipeline::for_tests(consumer.idempotency(idempotency(&counted, Mode::CommitOnly)))
    };
    let (one, other, event) = (process(), process(), event(&[record("m-1", "x")]));
    let (one, other) = futures_util::join!(run_again(&one, &event), run_again(&other, &event));
    let mut seen = [outcomes(&one)[0], outcomes(&other)[0]];
    seen.sort_unstable();
    assert_eq!((seen, runs.load(SeqCst)), (["already done", "done"], 2));
    assert_eq!(commits(&counted, "A-1").await.as_deref(), Some("1"));
}

/// A layer that runs the handler again does so on another clone of the delivery: what a failed run added is gone.
#[tokio::test]
async fn only_the_run_that_succeeded_writes() {
    let counted = Counted::new().await;
    let runs = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&runs);
    let consumer = Consumer::new(move |transaction: Transaction| {
        let run = counting.fetch_add(1, SeqCst);
        async move {
            transaction.update(one_more(&format!("A-{run}"))?);
            if run == 0 { Err(Failure::retry("once more")) } else { Ok(()) }
        }
    });
    let consumer = consumer.layer(tower::retry::RetryLayer::new(Twice));
    let pipeline = Pipeline::for_tests(consumer.idempotency(idempotency(&counted, Mode::Lease)));
    assert_eq!(outcomes(&run_again(&pipeline, &event(&[record("m-1", "x")])).await), ["done"]);
    assert_eq!((counted.order("A-0").await, runs.load(SeqCst)), (None, 2));
    assert_eq!(commits(&counted, "A-1").await.as_deref(), Some("1"));
}

/// Tries everything again that failed.
#[derive(Clone)]
struct Twice;

impl tower::retry::Policy<sqs_runtime::Delivery, sqs_runtime::handler::Handled, tower::BoxError> for Twice {
    type Future = std::future::Ready<()>;

    fn retry(
        &mut self,
        _: &mut sqs_runtime::Delivery,
        result: &mut Result<sqs_runtime::handler::Handled, tower::BoxError>,
    ) -> Option<Self::Future> {
        result.is_err().then(|| std::future::ready(()))
    }

    fn clone_request(&mut self, delivery: &sqs_runtime::Delivery) -> Option<sqs_runtime::Delivery> {
        Some(delivery.clone())
    }
}

/// What DynamoDB refuses for good is a failure with a name, and the key is free again.
#[tokio::test]
async fn a_transaction_that_can_never_be_written_says_why() {
    let counted = Counted::new().await;
    let consumer = Consumer::new(|transaction: Transaction| async move {
        let put = Put::builder().table_name("no-such-table").item("id", text("x")).build()?;
        transaction.put(put);
        Ok::<_, Failure>(())
    });
    let store = idempotency(&counted, Mode::Lease);
    let pipeline = Pipeline::for_tests(consumer.idempotency(store.clone()));
    let report = run_again(&pipeline, &event(&[record("m-1", "x")])).await;
    assert_eq!(outcomes(&report), ["retry"]);
    let reason = &reasons(&report)[0];
    assert!(reason.starts_with("nothing was committed: ") && reason.contains("ResourceNotFound"), "{reason}");
    let key = IdempotencyKey::derive("orders", &[b"m-1"]);
    let state = store.status(&key).await.expect("an answer").expect("a row");
    assert_eq!(state.status, RowStatus::Released);
}
