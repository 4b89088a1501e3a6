//! Which keys messages have, so that it shows whether their work is done.

use super::{mapping, store::SharedStore};
use crate::{
    Consumer, Idempotency,
    batch::Batch,
    claim::Guard,
    testkit::queue::{Received, message_id},
};

/// What names the work of a consumer's messages; `None` where nothing is recorded.
pub(super) fn guard_of(consumer: &Consumer) -> Option<Idempotency> {
    match &consumer.settings.guard {
        Guard::On(idempotency) => Some((**idempotency).clone()),
        Guard::Off | Guard::Unsaid => None,
    }
}

/// Whether its handlers start with a lease or not at all.
pub(super) fn claims(guard: Option<&Idempotency>) -> bool {
    guard.is_some_and(|guard| guard.claims_first() && !guard.runs_unguarded())
}

impl SharedStore {
    /// Notes which keys the messages of a queue have, if it is not known of all of them.
    pub(super) fn name(&self, guard: &Idempotency, queue: usize, queue_name: &str, received: &[Received]) {
        let is_named = |received: &Received| self.state().ledger.is_done(&message_id(queue, received.number)).is_some();
        if received.iter().all(is_named) {
            return;
        }
        let Ok(batch) = Batch::from_json(mapping::event(queue, queue_name, received)) else { return };
        let records = (0..batch.len()).filter_map(|index| batch.record(index).ok());
        for record in records {
            if let Ok(identity) = guard.identify(&record) {
                self.state().ledger.names(record.message_id(), &identity.key);
            }
        }
    }
}
