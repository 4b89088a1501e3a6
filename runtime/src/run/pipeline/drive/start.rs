//! From a ready record to a task that runs.

use std::sync::Arc;

use super::{Drive, claim::Asking};
use crate::{
    batch::Record,
    claim::{Claimed, Grant},
    handler::{Delivery, Progress},
    outcome::{Outcome, Reason, ReasonClass},
    run::pipeline::{
        deadline::Phase,
        flight::{Flight, Running, Stage},
        kept::Permit,
        task::{How, Task, Teller},
    },
};
use futures_util::future::AbortHandle;

impl Drive {
    /// Takes as many ready records as there are permits, and asks for all of them at once.
    ///
    /// What cannot start is settled here, which may make others ready: those are taken too.
    pub(super) fn start_ready(&mut self) {
        let idempotency = self.shared.idempotency.clone();
        let mut asking = Asking::default();
        while self.phase == Phase::Open && self.schedule.has_ready() {
            let Some(permit) = self.take_permit() else { break };
            let Some(index) = self.schedule.start_next() else { break };
            let record = match self.admit(index) {
                Ok(record) => record,
                Err(outcome) => {
                    self.flights.insert(index, Flight { permit, stage: Stage::Settling { cut: outcome.clone() } });
                    self.land(index, outcome);
                    continue;
                }
            };
            match &idempotency {
                None if self.is_suspect_by_receives(index) => {
                    self.permit = Some(permit);
                    self.put_aside(index, record);
                }
                None => self.start(index, record, permit, None),
                Some(idempotency) => {
                    let known = self.prepare(index, &record, idempotency, &mut asking);
                    self.flights.insert(index, Flight { permit, stage: Stage::Claiming(record) });
                    if let Some(outcome) = known {
                        self.land(index, outcome);
                    }
                }
            }
        }
        if let Some(idempotency) = idempotency {
            self.ask(&idempotency, asking);
        }
    }

    /// The record, if it is well-formed; else what becomes of it.
    fn admit(&mut self, index: usize) -> Result<Record, Outcome> {
        match self.batch.checked_record(index, self.shared.checks) {
            Ok(record) => {
                self.note_receive_count(&record);
                Ok(record)
            }
            Err(malformed) => {
                let reason = Reason::with_text(ReasonClass::Malformed, &malformed.to_string());
                // Damaged on the way: another receive may be whole. All else is as it was sent.
                let may_pass = malformed.is_digest_mismatch();
                Err(if may_pass { Outcome::Retry(reason) } else { Outcome::Rejected(reason) })
            }
        }
    }

    /// A receive count that cannot be read is no mistake of the message, but whoever runs the queue should know: once.
    fn note_receive_count(&mut self, record: &Record) {
        if record.has_unreadable_receive_count() && !std::mem::replace(&mut self.noted_receive_count, true) {
            tracing::warn!(
                messageId = &*record.display_id(),
                "a receive count is no number: taken as unknown, the message may have come before"
            );
        }
    }

    /// A record does not start yet. What a worker has received keeps its permit: it is in hand.
    pub(super) fn give_back(&mut self, permit: Permit) {
        if let Some(keeping) = &mut self.keeping {
            keeping.kept.permits.put_back(permit);
        }
    }

    pub(super) fn take_permit(&mut self) -> Option<Permit> {
        if let Some(permit) = self.permit.take() {
            return Some(permit);
        }
        if let Some(keeping) = &mut self.keeping {
            let mut own = keeping.kept.permits.take();
            if let Some(permit) = &mut own {
                permit.counted = Some(self.shared.isolation.counts());
            }
            if own.is_some() || !self.shared.seams.slips.permits_after_the_receive {
                return own;
            }
        }
        if self.acquiring.is_some() {
            return None;
        }
        let permits = &self.shared.permits;
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return Some(Permit::of_process(permit));
        }
        self.acquiring = Some(Box::pin(Arc::clone(permits).acquire_owned()));
        None
    }

    pub(super) fn start(&mut self, index: usize, record: Record, permit: Permit, grant: Option<Grant>) {
        if let Some(class) = self.stopped(index) {
            self.flights.insert(index, Flight { permit, stage: Stage::Claiming(record) });
            return self.land(index, Outcome::NotStarted(Reason::new(class)));
        }
        self.tell_start(index, grant.as_ref().and_then(Grant::lease));
        let progress = Arc::new(Progress::default());
        let claimed = grant.clone().zip(self.shared.idempotency.clone());
        let claimed = claimed.map(|(grant, idempotency)| Claimed { grant, idempotency });
        let delivery = Delivery::new(record, self.invocation.clone(), claimed, Arc::clone(&progress));
        let (abort, stop) = AbortHandle::new_pair();
        let teller = Teller::new(index, self.teller.clone());
        let running = Running { grant, progress, abort, started: self.shared.seams.clock.monotonic() };
        self.flights.insert(index, Flight { permit, stage: Stage::Running(running) });
        match self.shared.service() {
            Ok(service) => self.starting.push(Task { service, delivery, stop, teller }),
            Err(panicked) => teller.tell(Some(How::panicked(&panicked))),
        }
    }

    /// Spawns what starts at the same moment.
    pub(super) fn spawn_tasks(&mut self) {
        self.shared.seams.spawner.spawn_all(self.starting.drain(..).map(Task::run));
    }
}
