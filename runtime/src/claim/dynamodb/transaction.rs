//! Writes of the handler that commit together with its success, or not at all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};

use crate::{
    claim::Writes,
    extract::{FromDelivery, MissingTransaction},
    handler::{Delivery, Failure},
    outcome::{Outcome, Reason, ReasonClass},
};

/// The DynamoDB writes of one message: what the handler adds here commits together with the record of its success, in one
/// `TransactWriteItems`, or not at all.
///
/// Business effects that are such writes happen **exactly once** for each key, whatever crashes, retries or arrives late.
/// Without a write it costs nothing: the success is then recorded as ever. At most 99 writes, 4 MB, no item twice (DynamoDB's
/// limits of a transaction, less the record's own item). Needs idempotency in a
/// [`DynamoDbStore`](super::DynamoDbStore) and a mode other than [`MarkAfter`](crate::claim::Mode::MarkAfter); the tables must
/// be in the store's region and account. The role needs the actions of the single writes, such as `dynamodb:PutItem`.
///
/// ```
/// use aws_sdk_dynamodb::types::{AttributeValue, Update};
/// use sqs_runtime::{Failure, extract::{Body, Transaction}};
///
/// /// Takes one piece out of stock, once for each message.
/// async fn take(transaction: Transaction, sku: Body) -> Result<(), Failure> {
///     let update = Update::builder()
///         .table_name("stock")
///         .key("sku", AttributeValue::S(sku.to_string()))
///         .update_expression("ADD pieces :minus")
///         .condition_expression("pieces >= :one")
///         .expression_attribute_values(":minus", AttributeValue::N("-1".into()))
///         .expression_attribute_values(":one", AttributeValue::N("1".into()))
///         .build()?;
///     transaction.update(update).if_refused(Failure::reject("out of stock"));
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Transaction(Arc<Collected>);

/// What a handler added so far.
#[derive(Debug, Default)]
pub(super) struct Collected(Mutex<State>);

impl Clone for Collected {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.state().clone()))
    }
}

#[derive(Clone, Debug, Default)]
struct State {
    writes: Vec<Write>,
    is_sealed: bool,
}

/// One write, and what it means if its condition does not hold.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) item: TransactWriteItem,
    pub(super) refused: Outcome,
}

/// A write that was added: says what it means if its condition does not hold. Unless that is said, the message comes back.
#[derive(Debug)]
pub struct Added<'a> {
    transaction: &'a Transaction,
    place: usize,
}

impl Default for Transaction {
    fn default() -> Self {
        Self::new()
    }
}

impl Transaction {
    /// A transaction that no store commits: for tests of a handler alone, which look at [`items`](Self::items).
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// Puts an item.
    pub fn put(&self, put: Put) -> Added<'_> {
        self.add(TransactWriteItem::builder().put(put).build())
    }

    /// Updates an item.
    pub fn update(&self, update: Update) -> Added<'_> {
        self.add(TransactWriteItem::builder().update(update).build())
    }

    /// Deletes an item.
    pub fn delete(&self, delete: Delete) -> Added<'_> {
        self.add(TransactWriteItem::builder().delete(delete).build())
    }

    /// Checks a condition of an item that is not written.
    pub fn check(&self, check: ConditionCheck) -> Added<'_> {
        self.add(TransactWriteItem::builder().condition_check(check).build())
    }

    /// What the message's outcome is if the condition of the write at that place, counted from 0, does not hold.
    #[must_use]
    pub fn outcome_if_refused(&self, place: usize) -> Option<Outcome> {
        self.0.state().writes.get(place).map(|write| write.refused.clone())
    }

    /// What was added so far, in order.
    #[must_use]
    pub fn items(&self) -> Vec<TransactWriteItem> {
        self.0.state().writes.iter().map(|write| write.item.clone()).collect()
    }

    /// The same as a store is given it, for who asks a store by itself.
    #[must_use]
    pub fn writes(&self) -> Writes {
        Writes::new(Arc::clone(&self.0))
    }

    fn add(&self, item: TransactWriteItem) -> Added<'_> {
        let mut state = self.0.state();
        if state.is_sealed {
            // A task that the handler left behind; its write belongs to no message any more.
            tracing::error!("a write was added to a transaction after its handler had returned: it is not written");
            return Added { transaction: self, place: usize::MAX };
        }
        let refused = Outcome::Retry(Reason::new(ReasonClass::ConditionRefused));
        state.writes.push(Write { item, refused });
        Added { transaction: self, place: state.writes.len() - 1 }
    }
}

impl Added<'_> {
    /// What the message's outcome is if the condition of this write does not hold: [`Failure::reject`] where trying again
    /// cannot help. If several conditions do not hold, the one that was added first speaks.
    ///
    /// Such a rejection is not remembered ([`Failure::for_now`]): what a condition says depends on more than the message.
    pub fn if_refused(self, failure: Failure) {
        if let Some(write) = self.transaction.0.state().writes.get_mut(self.place) {
            write.refused = failure.for_now().outcome();
        }
    }
}

impl Collected {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that was added; what comes later is too late.
    pub(super) fn seal(&self) -> Vec<Write> {
        let mut state = self.state();
        state.is_sealed = true;
        state.writes.clone()
    }
}

impl<S: Sync> FromDelivery<S> for Transaction {
    type Rejection = MissingTransaction;

    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, MissingTransaction> {
        let writes = delivery.writes(|| Writes::new(Arc::<Collected>::default()))?;
        writes.downcast().map(Self).ok_or_else(MissingTransaction::new)
    }
}
