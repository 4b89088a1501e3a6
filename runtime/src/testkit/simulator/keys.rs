//! Which keys messages have, so that it shows whether their work is done.

use super::store::SharedStore;
use crate::{Consumer, Idempotency, batch::Batch, claim::Guard};

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
    /// Notes which keys the messages of an event have.
    pub(super) fn name(&self, guard: &Idempotency, event: &str) {
        let Ok(batch) = Batch::from_json(event) else { return };
        let records = (0..batch.len()).filter_map(|index| batch.record(index).ok());
        for record in records {
            if let Ok(identity) = guard.identify(&record) {
                self.state().ledger.names(record.message_id(), &identity.key);
            }
        }
    }
}
