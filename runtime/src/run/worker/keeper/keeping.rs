//! Keeps hidden what is worked on, and stops what is lost or takes too long.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;

use super::{
    Keeper, Said,
    beat::{Beaten, Due, Hidden, beat},
    receipt::{Finding, Key},
};
use crate::{clock::epoch_ms, outcome::ReasonClass, run::pipeline::Order};

impl Keeper {
    /// Looks at every receipt: what has to be hidden once more, what is lost, what takes too long.
    pub(super) fn look_after(&mut self, now: Duration) {
        let (mut next, mut is_due, mut stops) = (Duration::MAX, false, Vec::new());
        for (key, receipt) in &mut self.receipts {
            if receipt.lost.is_some() || receipt.settled.is_some() {
                continue;
            }
            match receipt.look(now, self.common.max_duration) {
                Finding::Fine(until) => next = next.min(until),
                Finding::Due => is_due = true,
                Finding::Lost(class) => stops.push((*key, class, true)),
                Finding::Overdue => {
                    next = now;
                    stops.push((*key, ReasonClass::Deadline, false));
                }
            }
        }
        self.look_at = next;
        for (key, class, is_lost) in stops {
            if is_lost {
                self.lose(key, class);
            } else {
                self.overdue.insert(key, now);
                self.stop(key, class);
            }
        }
        if is_due {
            self.beat(now);
        }
    }

    fn stop(&self, (receive, index): Key, class: ReasonClass) {
        if let Some(orders) = self.batches.get(&receive) {
            // A batch that is over needs no order.
            let _ = orders.send(Order::Stop(index, class));
        }
    }

    /// The message is no longer ours: its handler is stopped, and nothing more is said about it.
    fn lose(&mut self, key: Key, class: ReasonClass) {
        let Some(receipt) = self.receipts.get_mut(&key) else { return };
        receipt.lost = Some(class);
        self.common.stats.lost(1);
        tracing::warn!(
            messageId = &*receipt.record.display_id(),
            why = class.describe(),
            "a message was lost while it was worked on"
        );
        self.stop(key, class);
    }

    /// Hides everything once more that has to be hidden soon, together.
    fn beat(&mut self, now: Duration) {
        let wall_ms = epoch_ms(self.common.seams.clock.wall());
        let mut due = Vec::new();
        for (key, receipt) in self.receipts.iter_mut().filter(|(_, receipt)| receipt.is_nearly_due(now)) {
            match Due::of(*key, receipt, now) {
                Some(one) => {
                    receipt.is_busy = true;
                    receipt.may_be_leased_until(one.lease_end_ms(wall_ms));
                    due.push(one);
                }
                None => receipt.cannot_be_hidden(),
            }
        }
        self.look_at = now.min(self.look_at);
        if due.is_empty() {
            return;
        }
        let (source, idempotency) = (Arc::clone(&self.common.source), self.common.pipeline.leases());
        let beating = beat(source, idempotency, Arc::clone(&self.common.seams.clock), due);
        self.calls.push(Box::pin(beating.map(Said::Beaten)));
    }

    pub(super) fn on_beaten(&mut self, beaten: Vec<Beaten>) {
        let (now, slips) = (self.now(), self.common.seams.slips);
        for Beaten { key, leased_until, hidden } in beaten {
            let Some(receipt) = self.receipts.get_mut(&key) else { continue };
            receipt.is_busy = false;
            if let Some(ends) = leased_until {
                receipt.is_leased_until(ends);
            }
            match hidden {
                Hidden::For(asked_at, timeout) => {
                    receipt.is_hidden(asked_at, timeout);
                    self.common.stats.beats(1);
                }
                Hidden::Lost(_) if slips.beats_after_a_loss => receipt.is_not_hidden(now),
                // Its own completion ended the lease.
                Hidden::Lost(ReasonClass::LeaseLost) if receipt.is_done() => {}
                Hidden::Lost(class) if receipt.lost.is_none() => self.lose(key, class),
                Hidden::Lost(_) => {}
                Hidden::Unknown(answer) => {
                    receipt.is_not_hidden(now);
                    self.common.pipeline.say("ChangeMessageVisibility", &[answer]);
                }
            }
            if self.receipts.get(&key).is_some_and(|receipt| receipt.settled.is_some()) {
                self.conclude(key);
            }
        }
        self.look_at = now;
    }
}
