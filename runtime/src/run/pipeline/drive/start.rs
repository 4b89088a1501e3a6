//! From a ready record to a task that runs.

use std::sync::Arc;

use futures_util::future::AbortHandle;
use tokio::sync::OwnedSemaphorePermit;

use super::{Drive, Stored, answers::unless_it_panics, identify};
use crate::{
    batch::Record,
    claim::{ClaimRequest, Idempotency, Identity, Lease, Owner},
    handler::{Delivery, Progress},
    outcome::{Outcome, Reason, ReasonClass},
    run::pipeline::{
        deadline::Phase,
        flight::{Flight, Running, Stage},
        task::{self, How, Teller},
    },
};

impl Drive {
    /// Takes as many ready records as there are permits, and hands all of them to the claim at once.
    ///
    /// What cannot start is settled here, which may make others ready: when this ends, nothing is ready that has a permit.
    pub(super) fn start_ready(&mut self) {
        let idempotency = self.shared.idempotency.clone();
        let (mut indexes, mut requests) = (Vec::new(), Vec::new());
        while self.phase == Phase::Open && self.schedule.has_ready() {
            let Some(permit) = self.take_permit() else { break };
            let Some(index) = self.schedule.start_next() else { break };
            let Some(record) = self.admit(index) else { continue };
            let Some(idempotency) = &idempotency else {
                self.start(index, record, permit, None);
                continue;
            };
            match self.claim_request(idempotency, &record) {
                Ok(request) => {
                    indexes.push(index);
                    requests.push(request);
                    self.flights.insert(index, Flight { permit, stage: Stage::Claiming(record) });
                }
                Err(outcome) => self.schedule.settle(index, outcome),
            }
        }
        if let Some(idempotency) = idempotency.filter(|_| !requests.is_empty()) {
            let time_left = self.time_for_the_store();
            self.stored.push(Box::pin(async move {
                Stored::Claimed(indexes, unless_it_panics(|| idempotency.store().claim(&requests, time_left)).await)
            }));
        }
    }

    /// The record, if it is well-formed; else it is settled.
    fn admit(&mut self, index: usize) -> Option<Record> {
        match self.batch.checked_record(index, self.shared.checks) {
            Ok(record) => {
                self.note_receive_count(&record);
                Some(record)
            }
            Err(malformed) => {
                let reason = Reason::with_text(ReasonClass::Malformed, &malformed.to_string());
                // Damaged on the way: another receive may be whole. All else is as it was sent.
                let may_pass = malformed.is_digest_mismatch();
                self.schedule.settle(index, if may_pass { Outcome::Retry(reason) } else { Outcome::Rejected(reason) });
                None
            }
        }
    }

    /// A receive count that cannot be read is no mistake of the message, but whoever runs the queue should know: once.
    fn note_receive_count(&mut self, record: &Record) {
        if record.has_unreadable_receive_count() && !std::mem::replace(&mut self.noted_receive_count, true) {
            let message_id = &*record.display_id();
            tracing::warn!(
                message_id,
                "a receive count is no number: taken as unknown, the message may have come before"
            );
        }
    }

    fn take_permit(&mut self) -> Option<OwnedSemaphorePermit> {
        if let Some(permit) = self.permit.take() {
            return Some(permit);
        }
        if self.acquiring.is_some() {
            return None;
        }
        let permits = &self.shared.permits;
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return Some(permit);
        }
        self.acquiring = Some(Box::pin(Arc::clone(permits).acquire_owned()));
        None
    }

    fn claim_request(&self, idempotency: &Idempotency, record: &Record) -> Result<ClaimRequest, Outcome> {
        let clock = &self.shared.seams.clock;
        let Identity { key, payload_hash } = identify(idempotency, record)?;
        let owner = Owner::draw(&*self.shared.seams.random)
            .map_err(|error| Outcome::Retry(Reason::with_text(ReasonClass::StoreUnavailable, &error.to_string())))?;
        Ok(ClaimRequest {
            key,
            owner,
            lease_expires_at_ms: idempotency.lease_expires_at_ms(clock, self.invocation.time_left()),
            expires_at_s: idempotency.expires_at_s(clock),
            payload_hash,
            version: self.invocation.handler_version().map(Into::into),
        })
    }

    pub(super) fn start(&mut self, index: usize, record: Record, permit: OwnedSemaphorePermit, lease: Option<Lease>) {
        let progress = Arc::new(Progress::default());
        let delivery = Delivery::new(record, self.invocation.clone(), lease.clone(), Arc::clone(&progress));
        let (abort, stop) = AbortHandle::new_pair();
        let teller = Teller::new(index, self.teller.clone());
        let seams = &self.shared.seams;
        let running = Running { lease, progress, abort, started: seams.clock.monotonic() };
        self.flights.insert(index, Flight { permit, stage: Stage::Running(running) });
        match self.shared.service() {
            Ok(service) => seams.spawner.spawn(task::run(service, delivery, stop, teller)),
            Err(panicked) => teller.tell(Some(How::panicked(&panicked))),
        }
    }
}
