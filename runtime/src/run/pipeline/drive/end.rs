//! From a task that ended to a completion or a release.

use super::{Drive, Stored, retry};
use crate::{
    claim::Lease,
    handler::Failure,
    layer::Panicked,
    outcome::{Outcome, Reason, ReasonClass},
    run::pipeline::{
        deadline::Phase,
        flight::{Flight, Stage},
        task::{Ended, How},
    },
};

impl Drive {
    /// Takes everything that ended by now, so that their completions travel together.
    pub(super) fn on_ended(&mut self, first: Ended) {
        let (mut completions, mut releases) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(Ended { index, how }) = next {
            self.ended_one(index, how, &mut completions, &mut releases);
            next = self.ended.try_recv().ok();
        }
        self.complete(completions);
        self.release(releases);
    }

    pub(super) fn ended_one(
        &mut self,
        index: usize,
        how: How,
        completions: &mut Vec<(usize, Lease)>,
        releases: &mut Vec<(usize, Lease, Outcome)>,
    ) {
        // Of those that were left behind nobody waits for news.
        let Some((lease, was_dropped, runs)) = self.note_run(index) else { return };
        let outcome = self.outcome_of(how, runs);
        match lease {
            None => self.land(index, outcome),
            Some(lease) if outcome.is_success() => completions.push((index, lease)),
            // Its effects may still be landing: the lease runs out instead.
            Some(_) if was_dropped => self.land(index, outcome),
            // A rejection is released too: it could only be remembered for one version of the handler, and none is known.
            Some(lease) => releases.push((index, lease, outcome)),
        }
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

    pub(super) fn outcome_of(&mut self, how: How, runs: u16) -> Outcome {
        match how {
            How::Returned(Ok(_)) => Outcome::Done,
            How::Returned(Err(error)) => match error.downcast_ref::<Panicked>() {
                Some(panicked) => Outcome::Retry(Reason::with_text(ReasonClass::Panic, &panicked.to_string())),
                None => {
                    let failure = Failure::from_layers(error);
                    self.nothing_to_do += usize::from(failure.is_nothing_to_do());
                    failure.outcome()
                }
            },
            How::Dropped if self.phase == Phase::Open => retry(ReasonClass::Cancelled),
            How::Dropped if runs == 0 => Outcome::NotStarted(Reason::new(ReasonClass::NoTime)),
            How::Dropped => retry(ReasonClass::Deadline),
        }
    }

    pub(super) fn complete(&mut self, completions: Vec<(usize, Lease)>) {
        let Some(idempotency) = self.shared.idempotency.clone().filter(|_| !completions.is_empty()) else { return };
        for (index, _) in &completions {
            self.settling(*index, retry(ReasonClass::CommitUnknown));
        }
        let expires_at_s = idempotency.expires_at_s(&self.shared.seams.clock);
        self.stored.push(Box::pin(async move {
            let (indexes, leases): (Vec<_>, Vec<_>) = completions.into_iter().unzip();
            Stored::Completed(indexes, idempotency.store().complete(&leases, expires_at_s).await)
        }));
    }

    pub(super) fn release(&mut self, releases: Vec<(usize, Lease, Outcome)>) {
        let Some(idempotency) = self.shared.idempotency.clone().filter(|_| !releases.is_empty()) else { return };
        for (index, _, outcome) in &releases {
            self.settling(*index, outcome.clone());
        }
        self.stored.push(Box::pin(async move {
            let (outcomes, leases): (Vec<_>, Vec<_>) = releases.into_iter().map(|(i, l, o)| ((i, o), l)).unzip();
            Stored::Released(outcomes, idempotency.store().release(&leases).await)
        }));
    }

    pub(super) fn settling(&mut self, index: usize, cut: Outcome) {
        if let Some(flight) = self.flights.get_mut(&index) {
            flight.stage = Stage::Settling { cut };
        }
    }
}
