//! A claim that another attempt holds for a moment more.

use std::time::Duration;

use super::{Drive, Stored, claim::Asking};
use crate::{
    claim::protocol::claim::SKEW_MS,
    clock::epoch_ms,
    outcome::Outcome,
    run::pipeline::{
        deadline::Phase,
        flight::{Flight, Stage},
    },
};

/// The longest wait for another's lease: it holds a permit and is paid for.
const PATIENCE: Duration = Duration::from_secs(5);

impl Drive {
    /// Waits for the end of another attempt's lease where little of it and enough of the time is left, once for each record. A
    /// duplicate that comes back instead spends a receive.
    pub(super) fn waits_for(&mut self, index: usize, until_ms: u64) -> bool {
        let clock = &self.shared.seams.clock;
        let left_ms = until_ms.saturating_add(SKEW_MS + 1).saturating_sub(epoch_ms(clock.wall()));
        let left = Duration::from_millis(left_ms);
        let is_claiming = self.flights.get(&index).is_some_and(|flight| matches!(flight.stage, Stage::Claiming(_)));
        let has_time = self.deadline.is_none_or(|deadline| deadline.stops_after(clock.monotonic() + left));
        if until_ms == 0 || left > PATIENCE || !has_time || !is_claiming || !self.waited.insert(index) {
            return false;
        }
        let over = clock.sleep(left);
        self.stored.push(Box::pin(async move {
            over.await;
            Stored::Waited(index)
        }));
        true
    }

    /// Asks once more for a record that waited.
    pub(super) fn ask_again(&mut self, index: usize) {
        let Some(idempotency) =
            self.shared.idempotency.clone().filter(|_| self.phase == Phase::Open && self.stopped(index).is_none())
        else {
            // Its timer came late.
            return self.land(index, Outcome::InProgressElsewhere);
        };
        let Some(Flight { stage: Stage::Claiming(record), .. }) = self.flights.get(&index) else { return };
        let (record, mut asking) = (record.clone(), Asking::default());
        match self.prepare(index, &record, &idempotency, &mut asking) {
            Some(outcome) => self.land(index, outcome),
            None => self.ask(&idempotency, asking),
        }
    }
}
