//! From a task that ended to a completion or a release.

use super::{Drive, Stored, answers::unless_it_panics, retry};
use crate::{
    claim::{CompleteRequest, FailRequest, Idempotency, Lease},
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
    completions: Vec<(usize, Lease)>,
    rejections: Vec<(usize, FailRequest, Outcome)>,
    releases: Vec<(usize, Lease, Outcome)>,
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
        self.complete(ends.completions);
        self.fail(ends.rejections);
        self.release(ends.releases);
    }

    fn ended_one(&mut self, index: usize, how: How, ends: &mut Ends) {
        // Of those that were left behind nobody waits for news.
        let Some((lease, was_dropped, runs)) = self.note_run(index) else { return };
        let outcome = self.outcome_of(how, runs);
        match lease {
            None => self.land(index, outcome),
            Some(lease) if outcome.is_success() => ends.completions.push((index, lease)),
            // Its effects may still be landing: the lease runs out instead.
            Some(_) if was_dropped => self.land(index, outcome),
            Some(lease) => match self.rejected_version(&outcome) {
                Some(version) => ends.rejections.push((index, FailRequest::new(lease, version, "rejected"), outcome)),
                None => ends.releases.push((index, lease, outcome)),
            },
        }
    }

    /// The handler version under which a rejection is remembered. Where none is known it is released, and rejected afresh at
    /// the next receive: what rejects it may be mended by then.
    fn rejected_version(&self, outcome: &Outcome) -> Option<&str> {
        matches!(outcome, Outcome::Rejected(_)).then(|| self.invocation.handler_version()).flatten()
    }

    /// Notes what a run took; gives its lease, whether the handler was dropped in mid-run, and how often it was started.
    pub(super) fn note_run(&mut self, index: usize) -> Option<(Option<Lease>, bool, u16)> {
        let Some(Flight { stage: Stage::Running(running), .. }) = self.flights.get(&index) else { return None };
        let (lease, runs) = (running.lease.clone(), running.progress.runs());
        let duration = self.shared.seams.clock.monotonic().saturating_sub(running.started);
        let was_dropped = running.progress.was_dropped();
        self.schedule.ran(index, runs, duration);
        Some((lease, was_dropped, runs))
    }

    fn outcome_of(&mut self, how: How, runs: u16) -> Outcome {
        match how {
            How::Returned { outcome, nothing_to_do } => {
                self.nothing_to_do += usize::from(nothing_to_do);
                outcome
            }
            How::Dropped if self.phase == Phase::Open => retry(ReasonClass::Cancelled),
            How::Dropped if runs == 0 => Outcome::NotStarted(Reason::new(ReasonClass::StoppedBeforeStart)),
            How::Dropped => retry(ReasonClass::Deadline),
        }
    }

    fn complete(&mut self, completions: Vec<(usize, Lease)>) {
        let Some(idempotency) = self.shared.idempotency.clone().filter(|_| !completions.is_empty()) else { return };
        let expires_at_s = idempotency.expires_at_s(&self.shared.seams.clock);
        let (mut indexes, mut requests) = (Vec::new(), Vec::new());
        for (index, lease) in completions {
            self.settling(index, retry(ReasonClass::CommitUnknown));
            indexes.push(index);
            requests.push(CompleteRequest::new(lease, expires_at_s));
        }
        let time_left = self.time_for_the_store();
        self.stored.push(Box::pin(async move {
            Stored::Completed(indexes, unless_it_panics(|| idempotency.store().complete(&requests, time_left)).await)
        }));
    }

    fn fail(&mut self, rejections: Vec<(usize, FailRequest, Outcome)>) {
        let Some((idempotency, outcomes, requests)) = self.giving_up(rejections) else { return };
        let time_left = self.time_for_the_store();
        self.stored.push(Box::pin(async move {
            Stored::GivenUp(outcomes, unless_it_panics(|| idempotency.store().fail(&requests, time_left)).await)
        }));
    }

    pub(super) fn release(&mut self, releases: Vec<(usize, Lease, Outcome)>) {
        let Some((idempotency, outcomes, leases)) = self.giving_up(releases) else { return };
        let time_left = self.time_for_the_store();
        self.stored.push(Box::pin(async move {
            Stored::GivenUp(outcomes, unless_it_panics(|| idempotency.store().release(&leases, time_left)).await)
        }));
    }

    /// Parts what is given up from its outcomes; `None` where there is nothing to say to the store.
    #[expect(clippy::type_complexity, reason = "three columns of one table")]
    fn giving_up<T>(
        &mut self,
        given: Vec<(usize, T, Outcome)>,
    ) -> Option<(Idempotency, Vec<(usize, Outcome)>, Vec<T>)> {
        let idempotency = self.shared.idempotency.clone().filter(|_| !given.is_empty())?;
        let (mut outcomes, mut elements) = (Vec::new(), Vec::new());
        for (index, element, outcome) in given {
            self.settling(index, outcome.clone());
            outcomes.push((index, outcome));
            elements.push(element);
        }
        Some((idempotency, outcomes, elements))
    }

    fn settling(&mut self, index: usize, cut: Outcome) {
        if let Some(flight) = self.flights.get_mut(&index) {
            flight.stage = Stage::Settling { cut };
        }
    }
}
