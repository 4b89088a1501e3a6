//! A handler's writes commit with its success, or not at all: on whatever DynamoDB the client talks to.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, Put, Update},
};
use sqs_runtime::{
    Consumer, Delivery, Failure, Idempotency,
    claim::{
        IdempotencyKey, Mode, RowStatus,
        dynamodb::{DynamoDbStore, Table},
    },
    extract::{Body, FromDelivery, State, Transaction},
    handler::Handled,
    run::{Pipeline, Replay},
};

use crate::{
    dynamodb_client::create_table,
    support::{event, outcomes, reasons, record, run_again},
};

/// Tables of one test: the store's, and the handler's.
#[derive(Clone)]
pub(crate) struct Tables {
    client: Client,
    idempotency: String,
    orders: String,
}

impl Tables {
    async fn new(client: &Client) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, SeqCst);
        let (idempotency, orders) = (format!("idempotency-{number}"), format!("orders-{number}"));
        create_table(client, &idempotency, &["id"]).await;
        create_table(client, &orders, &["orderId"]).await;
        Self { client: client.clone(), idempotency, orders }
    }

    fn idempotency(&self, mode: Mode) -> Idempotency {
        let store = DynamoDbStore::new(self.client.clone(), Table::new(&*self.idempotency));
        Idempotency::new(store).mode(mode).cached_keys(0)
    }

    async fn order(&self, id: &str) -> Option<HashMap<String, AttributeValue>> {
        let asked = self.client.get_item().table_name(&self.orders).key("orderId", text(id));
        asked.consistent_read(true).send().await.expect("a table").item
    }

    async fn commits(&self, order: &str) -> Option<String> {
        let item = self.order(order).await?;
        item.get("commits").and_then(|commits| commits.as_n().ok()).cloned()
    }

    /// Counts one more commit of an order.
    fn one_more(&self, order: &str) -> Result<Update, Failure> {
        let update = Update::builder().table_name(&self.orders).key("orderId", text(order));
        let update = update.update_expression("ADD commits :one");
        Ok(update.expression_attribute_values(":one", AttributeValue::N("1".into())).build()?)
    }

    /// Refused where the order is there already.
    fn new_only(&self, order: &str) -> Result<Put, Failure> {
        let put = Put::builder().table_name(&self.orders).item("orderId", text(order));
        Ok(put.condition_expression("attribute_not_exists(orderId)").build()?)
    }
}

/// Every promise, one after the other.
pub(crate) async fn all(client: &Client) {
    writes_commit_once_with_their_message(client).await;
    a_handler_that_fails_writes_nothing(client).await;
    a_refused_condition_means_what_the_handler_says(client).await;
    commit_only_lets_runs_overlap_and_commits_one(client).await;
    only_the_run_that_succeeded_writes(client).await;
    a_transaction_that_can_never_be_written_says_why(client).await;
    what_a_layer_adds_is_written_with_the_run_that_succeeded(client).await;
    a_refused_condition_is_no_rejection_for_ever(client).await;
    too_many_writes_are_counted_before_they_are_sent(client).await;
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.into())
}

const MODES: [Mode; 2] = [Mode::Lease, Mode::CommitOnly];

async fn writes_commit_once_with_their_message(client: &Client) {
    for mode in MODES {
        let tables = Tables::new(client).await;
        let consumer =
            Consumer::new(|State(tables): State<Tables>, transaction: Transaction, order: Body| async move {
                transaction.update(tables.one_more(order.as_str())?);
                Ok::<_, Failure>(())
            });
        let pipeline = Pipeline::for_tests(consumer.state(tables.clone()).idempotency(tables.idempotency(mode)));
        let event = event(&[record("m-1", "A-1"), record("m-2", "A-2")]);
        let replayed = Replay::new().redeliver(2).event(&pipeline, event).await.expect("answered");
        let seen: Vec<_> = replayed.reports().iter().map(outcomes).collect();
        assert_eq!(seen, [["done"; 2], ["already done"; 2], ["already done"; 2]], "{mode:?}");
        assert_eq!(tables.commits("A-1").await.as_deref(), Some("1"));
        assert_eq!(tables.commits("A-2").await.as_deref(), Some("1"));
    }
}

async fn a_handler_that_fails_writes_nothing(client: &Client) {
    for mode in MODES {
        let tables = Tables::new(client).await;
        let consumer = Consumer::new(|State(tables): State<Tables>, transaction: Transaction| async move {
            transaction.update(tables.one_more("A-1")?);
            Err::<(), _>(Failure::retry("asked to fail"))
        });
        let pipeline = Pipeline::for_tests(consumer.state(tables.clone()).idempotency(tables.idempotency(mode)));
        assert_eq!(outcomes(&run_again(&pipeline, &event(&[record("m-1", "x")])).await), ["retry"]);
        assert_eq!(tables.order("A-1").await, None);
    }
}

/// The other writes of the message, and its own record, are not written either.
async fn a_refused_condition_means_what_the_handler_says(client: &Client) {
    for mode in MODES {
        let tables = Tables::new(client).await;
        let consumer = Consumer::new(|State(tables): State<Tables>, transaction: Transaction, body: Body| async move {
            transaction.update(tables.one_more("A-1")?);
            let put = transaction.put(tables.new_only("A-2")?);
            if body.as_str() == "reject" {
                put.if_refused(Failure::reject("A-2 is there already"));
            }
            Ok::<_, Failure>(())
        });
        let pipeline = Pipeline::for_tests(consumer.state(tables.clone()).idempotency(tables.idempotency(mode)));
        tables.client.put_item().table_name(&tables.orders).item("orderId", text("A-2")).send().await.expect("a table");
        let report = run_again(&pipeline, &event(&[record("m-1", "retry"), record("m-2", "reject")])).await;
        assert_eq!(outcomes(&report), ["retry", "rejected"], "{mode:?}");
        assert_eq!(reasons(&report), ["a condition of the handler's writes did not hold", "A-2 is there already"]);
        assert_eq!(tables.commits("A-1").await, None);

        // Nothing is left in the way of the next delivery.
        let delete = tables.client.delete_item().table_name(&tables.orders).key("orderId", text("A-2"));
        delete.send().await.expect("a table");
        assert_eq!(outcomes(&run_again(&pipeline, &event(&[record("m-1", "retry")])).await), ["done"]);
        assert_eq!(tables.commits("A-1").await.as_deref(), Some("1"));
    }
}

/// Two that run at the same time waste one run; one commits.
async fn commit_only_lets_runs_overlap_and_commits_one(client: &Client) {
    let tables = Tables::new(client).await;
    let (runs, both) = (Arc::new(AtomicUsize::new(0)), Arc::new(tokio::sync::Barrier::new(2)));
    let process = || {
        let (runs, both) = (Arc::clone(&runs), Arc::clone(&both));
        let consumer = Consumer::new(move |State(tables): State<Tables>, transaction: Transaction| {
            let (runs, both) = (Arc::clone(&runs), Arc::clone(&both));
            async move {
                runs.fetch_add(1, SeqCst);
                transaction.update(tables.one_more("A-1")?);
                both.wait().await;
                Ok::<_, Failure>(())
            }
        });
        Pipeline::for_tests(consumer.state(tables.clone()).idempotency(tables.idempotency(Mode::CommitOnly)))
    };
    let (one, other, event) = (process(), process(), event(&[record("m-1", "x")]));
    let (one, other) = futures_util::join!(run_again(&one, &event), run_again(&other, &event));
    let mut seen = [outcomes(&one)[0], outcomes(&other)[0]];
    seen.sort_unstable();
    assert_eq!((seen, runs.load(SeqCst)), (["already done", "done"], 2));
    assert_eq!(tables.commits("A-1").await.as_deref(), Some("1"));
}

/// A layer that runs the handler again does so on another clone of the delivery: what a failed run added is gone.
async fn only_the_run_that_succeeded_writes(client: &Client) {
    let tables = Tables::new(client).await;
    let runs = Arc::new(AtomicUsize::new(0));
    let consumer = fails_at_first(Arc::clone(&runs));
    let consumer = consumer.state(tables.clone()).layer(tower::retry::RetryLayer::new(Twice));
    let pipeline = Pipeline::for_tests(consumer.idempotency(tables.idempotency(Mode::Lease)));
    assert_eq!(outcomes(&run_again(&pipeline, &event(&[record("m-1", "x")])).await), ["done"]);
    assert_eq!((tables.order("A-0").await, runs.load(SeqCst)), (None, 2));
    assert_eq!(tables.commits("A-1").await.as_deref(), Some("1"));
}

/// Each run commits to an order of its own, and the first fails.
fn fails_at_first(runs: Arc<AtomicUsize>) -> Consumer<Tables> {
    Consumer::new(move |State(tables): State<Tables>, transaction: Transaction| {
        let run = runs.fetch_add(1, SeqCst);
        async move {
            transaction.update(tables.one_more(&format!("A-{run}"))?);
            if run == 0 { Err(Failure::retry("once more")) } else { Ok(()) }
        }
    })
}

/// Tries everything again that failed.
#[derive(Clone)]
struct Twice;

impl tower::retry::Policy<Delivery, Handled, tower::BoxError> for Twice {
    type Future = std::future::Ready<()>;

    fn retry(&mut self, _: &mut Delivery, result: &mut Result<Handled, tower::BoxError>) -> Option<Self::Future> {
        result.is_err().then(|| std::future::ready(()))
    }

    fn clone_request(&mut self, delivery: &Delivery) -> Option<Delivery> {
        Some(delivery.clone())
    }
}

/// What DynamoDB refuses for good is a failure with a name, and the key is free again.
async fn a_transaction_that_can_never_be_written_says_why(client: &Client) {
    let tables = Tables::new(client).await;
    let consumer = Consumer::new(|transaction: Transaction| async move {
        let put = Put::builder().table_name("no-such-table").item("id", text("x")).build()?;
        transaction.put(put);
        Ok::<_, Failure>(())
    });
    let store = tables.idempotency(Mode::Lease);
    let pipeline = Pipeline::for_tests(consumer.idempotency(store.clone()));
    let report = run_again(&pipeline, &event(&[record("m-1", "x")])).await;
    assert_eq!(outcomes(&report), ["retry"]);
    let reason = &reasons(&report)[0];
    assert!(reason.starts_with("nothing was committed: ") && reason.contains("ResourceNotFound"), "{reason}");
    let key = IdempotencyKey::derive("orders", &[b"m-1"]);
    let state = store.status(&key).await.expect("an answer").expect("a row");
    assert_eq!(state.status, RowStatus::Released);
}

/// Adds a row of its own to each message's transaction.
#[derive(Clone)]
struct Audit<S>(S, Tables);

impl<S> tower::Service<Delivery> for Audit<S>
where
    S: tower::Service<Delivery, Response = Handled, Error = tower::BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Handled;
    type Error = tower::BoxError;
    type Future = futures_util::future::BoxFuture<'static, Result<Handled, tower::BoxError>>;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), tower::BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, delivery: Delivery) -> Self::Future {
        let (mut inner, tables) = (self.0.clone(), self.1.clone());
        Box::pin(async move {
            let transaction = Transaction::from_delivery(&delivery, &()).await?;
            transaction.update(tables.one_more("audit").map_err(Failure::into_error)?);
            inner.call(delivery).await
        })
    }
}

/// The layer's row is there once; of the run that failed nothing is.
async fn what_a_layer_adds_is_written_with_the_run_that_succeeded(client: &Client) {
    let tables = Tables::new(client).await;
    let runs = Arc::new(AtomicUsize::new(0));
    let consumer = fails_at_first(Arc::clone(&runs));
    let audited = tables.clone();
    let consumer = consumer
        .state(tables.clone())
        .layer(tower::retry::RetryLayer::new(Twice))
        .layer(tower::layer::layer_fn(move |service| Audit(service, audited.clone())));
    let pipeline = Pipeline::for_tests(consumer.idempotency(tables.idempotency(Mode::Lease)));
    assert_eq!(outcomes(&run_again(&pipeline, &event(&[record("m-1", "x")])).await), ["done"]);
    assert_eq!((tables.order("A-0").await, runs.load(SeqCst)), (None, 2));
    assert_eq!(tables.commits("A-1").await.as_deref(), Some("1"));
    assert_eq!(tables.commits("audit").await.as_deref(), Some("1"));
}

/// What a condition says depends on more than the message: once it holds, the message is done.
async fn a_refused_condition_is_no_rejection_for_ever(client: &Client) {
    let tables = Tables::new(client).await;
    let consumer = Consumer::new(|State(tables): State<Tables>, transaction: Transaction| async move {
        transaction.put(tables.new_only("A-1")?).if_refused(Failure::reject("there is one already"));
        Ok::<_, Failure>(())
    });
    let idempotency = tables.idempotency(Mode::Lease).handler_version("7");
    let pipeline = Pipeline::for_tests(consumer.state(tables.clone()).idempotency(idempotency));
    tables.client.put_item().table_name(&tables.orders).item("orderId", text("A-1")).send().await.expect("a table");
    let event = event(&[record("m-1", "x")]);
    assert_eq!(reasons(&run_again(&pipeline, &event).await), ["there is one already"]);
    tables.client.delete_item().table_name(&tables.orders).key("orderId", text("A-1")).send().await.expect("a table");
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["done"]);
}

async fn too_many_writes_are_counted_before_they_are_sent(client: &Client) {
    let tables = Tables::new(client).await;
    let consumer = Consumer::new(|State(tables): State<Tables>, transaction: Transaction, body: Body| async move {
        for n in 0..body.parse::<usize>()? {
            transaction.put(tables.new_only(&format!("A-{n}"))?);
        }
        Ok::<_, Failure>(())
    });
    let pipeline = Pipeline::for_tests(consumer.state(tables.clone()).idempotency(tables.idempotency(Mode::Lease)));
    let report = run_again(&pipeline, &event(&[record("m-1", "100"), record("m-2", "99")])).await;
    assert_eq!(outcomes(&report), ["retry", "done"]);
    assert!(
        reasons(&report)[0].ends_with("at most 99 writes of a handler, and there are 100"),
        "{:?}",
        reasons(&report)
    );
}
