//! From a task that ended to a completion or a release.

use std::sync::Arc;

use super::{Drive, Stored, answers::unless_it_panics, retry};
use crate::{
    claim::{CompleteRequest, FailRequest, Grant, Idempotency, Lease, MarkRequest, Success, TransactRequest},
    handler::Handled,
    outcome::{Outcome, Reason, ReasonClass},
    run::pipeline::{
        deadline::Phase,
        flight::{Flight, Stage},
        task::{Ended, How},
    },
};

/// What is to be told to the store about runs that ended, with the places of their records.
#[derive(Default)]
struct Ends {
    completions: Vec<(usize, CompleteRequest)>,
    marks: Vec<(usize, MarkRequest)>,
    rejections: Vec<(usize, FailRequest, Outcome)>,
    releases: Vec<(usize, Lease, Outcome)>,
    cancellations: Vec<(usize, Lease, Outcome)>,
}

/// What a run left behind.
pub(super) struct Ran {
    grant: Option<Grant>,
    was_dropped: bool,
    pub(super) runs: u16,
}

impl Drive {
    /// Takes everything that ended by now, so that what is to be recorded travels together.
    pub(super) fn on_ended(&mut self, first: Ended) {
        let mut ends = Ends::default();
        let mut next = Some(first);
        while let Some(Ended { index, how }) = next {
            self.ended_one(index, how, &mut ends);
            next = self.ended.try_recv().ok();
        }
        self.record(ends.completions, ends.marks);
        self.fail(ends.rejections);
        self.release(ends.releases);
        self.cancel(ends.cancellations);
    }

    fn ended_one(&mut self, index: usize, how: How, ends: &mut Ends) {
        // Of those that were left behind nobody waits for news.
        let Some(Ran { grant, was_dropped, runs }) = self.note_run(index) else { return };
        let (outcome, handled) = self.outcome_of(index, how, runs);
        match grant {
            None => self.land(index, outcome),
            Some(grant) if outcome.is_success() && !grant.is_unguarded() => self.succeeded(index, grant, handled, ends),
            // Nothing is held that could be given up.
            Some(Grant::Mark(_) | Grant::Unguarded(_)) => self.land(index, outcome),
            // Its effects may still be landing: the lease runs out instead.
            Some(Grant::Lease(lease)) if was_dropped => ends.cancellations.push((index, lease, outcome)),
            Some(Grant::Lease(lease)) => self.failed(index, lease, outcome, ends),
        }
    }

    /// Sorts a success: with the handler's writes it is a request of its own, else it travels with others.
    fn succeeded(&mut self, index: usize, grant: Grant, handled: Handled, ends: &mut Ends) {
        let Some(idempotency) = self.shared.idempotency.clone() else { return };
        let Handled { result, writes } = handled;
        let writes = writes.filter(|_| !self.shared.seams.slips.writes_left_behind);
        let Some(success) = grant.clone().success(result, idempotency.expires_at_s()) else { return };
        match (writes, success) {
            (Some(writes), success) => self.transact(&idempotency, index, grant, TransactRequest::new(success, writes)),
            (None, Success::Complete(request)) => ends.completions.push((index, request)),
            (None, Success::Mark(request)) => ends.marks.push((index, request)),
        }
    }

    fn failed(&self, index: usize, lease: Lease, outcome: Outcome, ends: &mut Ends) {
        match self.rejected_version(&outcome) {
            Some(version) => {
                let error = outcome.reason().map_or_else(|| "rejected".to_owned(), Reason::in_full);
                ends.rejections.push((index, FailRequest::new(lease, version, error), outcome));
            }
            None => ends.releases.push((index, lease, outcome)),
        }
    }

    /// Gives up one claim whose transaction wrote nothing.
    pub(super) fn give_up(&mut self, index: usize, lease: Lease, outcome: Outcome) {
        let mut ends = Ends::default();
        self.failed(index, lease, outcome, &mut ends);
        self.fail(ends.rejections);
        self.release(ends.releases);
    }

    /// The handler version under which a rejection is remembered. Where none is known it is released, and rejected afresh at
    /// the next receive: what rejects it may be mended by then.
    fn rejected_version(&self, outcome: &Outcome) -> Option<&str> {
        let Outcome::Rejected(reason) = outcome else { return None };
        let idempotency = self.shared.idempotency.as_ref().filter(|_| reason.is_remembered())?;
        idempotency.version(self.invocation.handler_version())
    }

    /// Notes what a run took; gives what it ran under, whether the handler was dropped in mid-run, and how often it was
    /// started.
    pub(super) fn note_run(&mut self, index: usize) -> Option<Ran> {
        let Some(Flight { stage: Stage::Running(running), .. }) = self.flights.get(&index) else { return None };
        let (grant, runs) = (running.grant.clone(), running.progress.runs());
        let duration = self.shared.seams.clock.monotonic().saturating_sub(running.started);
        let was_dropped = running.progress.was_dropped();
        self.schedule.ran(index, runs, duration);
        Some(Ran { grant, was_dropped, runs })
    }

    fn outcome_of(&mut self, index: usize, how: How, runs: u16) -> (Outcome, Handled) {
        let outcome = match how {
            How::Returned { outcome, handled, nothing_to_do } => {
                self.counts.nothing_to_do += usize::from(nothing_to_do);
                return (outcome, handled);
            }
            How::Dropped if self.phase == Phase::Open && self.stopped_running(index).is_none() => {
                retry(ReasonClass::Cancelled)
            }
            How::Dropped if runs == 0 => Outcome::NotStarted(Reason::new(ReasonClass::StoppedBeforeStart)),
            How::Dropped => retry(self.stopped_running(index).unwrap_or(ReasonClass::Deadline)),
        };
        (outcome, Handled::default())
    }

    fn transact(&mut self, idempotency: &Arc<Idempotency>, index: usize, grant: Grant, request: TransactRequest) {
        let cut = self.commit_unknown(None);
        self.settling(index, cut);
        let (idempotency, time_left) = (Arc::clone(idempotency), self.time_for_the_store());
        self.ask_the_store(async move {
            let one = || async { vec![idempotency.transact(&request, time_left).await] };
            Stored::Transacted(index, grant, unless_it_panics(one).await.pop())
        });
    }

    pub(super) fn complete(&mut self, completions: Vec<(usize, CompleteRequest)>) {
        let Some((idempotency, indexes, requests)) = self.recording(completions) else { return };
        let time_left = self.time_for_the_store();
        let slips = self.shared.seams.slips;
        self.ask_the_store(async move {
            let answers = unless_it_panics(|| idempotency.complete(&requests, time_left)).await;
            if slips.release_behind_a_completion {
                let leases: Vec<_> = requests.into_iter().map(|request| request.lease).collect();
                idempotency.store().release(&leases, time_left).await;
            }
            Stored::Completed(indexes, answers)
        });
    }

    pub(super) fn mark(&mut self, marks: Vec<(usize, MarkRequest)>) {
        let Some((idempotency, indexes, requests)) = self.recording(marks) else { return };
        let time_left = self.time_for_the_store();
        self.ask_the_store(async move {
            Stored::Completed(indexes, unless_it_panics(|| idempotency.mark(&requests, time_left)).await)
        });
    }

    /// Parts successes from their places; `None` where there is nothing to say to the store.
    fn recording<T>(&mut self, successes: Vec<(usize, T)>) -> Option<(Arc<Idempotency>, Vec<usize>, Vec<T>)> {
        let idempotency = self.shared.idempotency.clone().filter(|_| !successes.is_empty())?;
        if self.shared.seams.slips.breaker_blocks_completions && self.shared.breaker().is_open() {
            successes.into_iter().for_each(|(index, _)| self.land(index, retry(ReasonClass::CommitUnknown)));
            return None;
        }
        self.note_under_way();
        let (indexes, requests) = successes.into_iter().unzip();
        Some((idempotency, indexes, requests))
    }

    fn fail(&mut self, rejections: Vec<(usize, FailRequest, Outcome)>) {
        let Some((idempotency, outcomes, requests)) = self.giving_up(rejections) else { return };
        let time_left = self.time_for_the_store();
        self.ask_the_store(async move {
            Stored::GivenUp(outcomes, unless_it_panics(|| idempotency.store().fail(&requests, time_left)).await)
        });
    }

    pub(super) fn release(&mut self, releases: Vec<(usize, Lease, Outcome)>) {
        let Some((idempotency, outcomes, leases)) = self.giving_up(releases) else { return };
        let time_left = self.time_for_the_store();
        self.ask_the_store(async move {
            Stored::GivenUp(outcomes, unless_it_panics(|| idempotency.store().release(&leases, time_left)).await)
        });
    }

    /// Notes that handlers were stopped: their leases stay, but they are no hint of a crash.
    fn cancel(&mut self, cancellations: Vec<(usize, Lease, Outcome)>) {
        let Some((idempotency, outcomes, leases)) = self.giving_up(cancellations) else { return };
        let time_left = self.time_for_the_store();
        self.ask_the_store(async move {
            unless_it_panics(|| idempotency.store().cancel(&leases, time_left)).await;
            Stored::Cancelled(outcomes)
        });
    }

    /// Parts what is given up from its outcomes; `None` where there is nothing to say to the store.
    #[expect(clippy::type_complexity, reason = "three columns of one table")]
    fn giving_up<T>(
        &mut self,
        given: Vec<(usize, T, Outcome)>,
    ) -> Option<(Arc<Idempotency>, Vec<(usize, Outcome)>, Vec<T>)> {
        let idempotency = self.shared.idempotency.clone().filter(|_| !given.is_empty())?;
        let (mut outcomes, mut elements) = (Vec::new(), Vec::new());
        for (index, element, outcome) in given {
            self.settling(index, outcome.clone());
            outcomes.push((index, outcome));
            elements.push(element);
        }
        Some((idempotency, outcomes, elements))
    }

    pub(super) fn settling(&mut self, index: usize, cut: Outcome) {
        if let Some(flight) = self.flights.get_mut(&index) {
            flight.stage = Stage::Settling { cut };
        }
    }
}
