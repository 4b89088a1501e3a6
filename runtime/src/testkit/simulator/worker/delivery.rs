//! One receive of one message by a worker, and what may be said about it.

use std::time::Duration;

use crate::{
    claim::Owner,
    outcome::{Outcome, ReasonClass},
    testkit::simulator::{client::Request, executor::ProcessId},
};

/// What one receive came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// What the worker heard of its batch.
    Outcome(Outcome),
    /// It was deleted without a run, since it was known to be done.
    KnownDone,
    /// It came when the worker stopped.
    GivenBack,
    /// Its process was gone.
    Crash,
}

impl Cause {
    /// Its name in the account; `None` for a receive that is burnt.
    pub(super) fn name(&self) -> Option<&'static str> {
        match self {
            Self::Outcome(outcome) => Some(outcome.name()),
            Self::KnownDone => Some("known to be done"),
            Self::GivenBack => Some("given back"),
            Self::Crash => None,
        }
    }
}

/// A receive, from its answer to the last word about it.
pub(super) struct Delivery {
    pub(super) message_id: String,
    pub(super) group: Option<String>,
    /// The process whose receive was answered with it; `None` while that answer is on its way, or lost.
    pub(super) holder: Option<ProcessId>,
    /// Messages of one answer have the same.
    pub(super) answer: u64,
    pub(super) owner: Option<Owner>,
    pub(super) is_started: bool,
    pub(super) cause: Option<Cause>,
    /// The holder was told that it is no longer its own.
    pub(super) is_lost: bool,
    /// The holder's lease was refused a renewal: because another has it, or because its own completion came first.
    pub(super) is_lease_lost: bool,
    /// That it was hidden once more was not confirmed: its holder may have had to take it for lost, by its own clock.
    pub(super) is_unsure: bool,
    /// It was known to be done when it came: it needs no permit.
    pub(super) is_known: bool,
    /// Calls about it that have no answer yet.
    pub(super) under_way: u32,
    /// How often it was hidden since its outcome is known.
    pub(super) last_words: u32,
}

/// What stands behind a deletion.
#[derive(Clone, Copy)]
pub(in crate::testkit::simulator) struct Proof {
    /// Whether its work is recorded as done; `None` where nobody records anything.
    pub(in crate::testkit::simulator) is_recorded: Option<bool>,
    /// Whether a copy of it is in the dead-letter queue.
    pub(in crate::testkit::simulator) has_copy: bool,
}

impl Delivery {
    pub(super) fn new(message_id: String, group: Option<String>, answer: u64) -> Self {
        Self {
            message_id,
            group,
            holder: None,
            answer,
            owner: None,
            is_started: false,
            cause: None,
            is_lost: false,
            is_lease_lost: false,
            is_unsure: false,
            is_known: false,
            under_way: 0,
            last_words: 0,
        }
    }

    /// Takes note of what its holder says about it: the row of that, or the rule that it breaks.
    pub(super) fn says(&mut self, request: Request, proof: Proof) -> Result<&'static str, &'static str> {
        let is_alone = self.under_way == 0;
        self.under_way += 1;
        let ends_what_is_done = matches!(request, Request::Delete) && proof.is_recorded == Some(true);
        if self.is_lost || (self.is_lease_lost && !ends_what_is_done) {
            return Err("I27: something is said about it after its loss was answered");
        }
        if !is_alone {
            return Err("I27: two things are said about it at once");
        }
        match request {
            Request::Hide(time) => self.hides(time),
            Request::Delete => self.deletes(proof),
            Request::Copy => Ok("worker: copies"),
        }
    }

    fn hides(&mut self, time: Duration) -> Result<&'static str, &'static str> {
        self.is_unsure = true;
        self.last_words += u32::from(self.cause.is_some() || time.is_zero());
        // A beat that was under way when its outcome came is the first of them.
        match &self.cause {
            Some(_) if self.last_words > 2 - u32::from(self.is_done()) => {
                Err("I27: it is hidden after the last word about it")
            }
            Some(_) => Ok("worker: hides it for its backoff"),
            None if time.is_zero() => {
                self.cause = Some(Cause::GivenBack);
                Ok("worker: gives it back")
            }
            None => Ok("worker: keeps it hidden"),
        }
    }

    fn deletes(&mut self, proof: Proof) -> Result<&'static str, &'static str> {
        if !proof.has_copy && proof.is_recorded == Some(false) {
            return Err("I25: it is deleted although its work was never recorded");
        }
        match &self.cause {
            Some(Cause::Outcome(outcome)) if outcome.is_success() => Ok("worker: deletes it"),
            Some(Cause::KnownDone) => Ok("worker: deletes it without a run"),
            None => {
                self.cause = Some(Cause::KnownDone);
                Ok("worker: deletes it without a run")
            }
            Some(_) => Err("I25: it is deleted although it failed"),
        }
    }

    /// Whether it waits for a handler, or has one.
    pub(super) fn is_in_hand(&self) -> bool {
        self.cause.is_none() && !self.is_known
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(&self.cause, Some(Cause::Outcome(outcome)) if outcome.is_success())
    }

    /// Whether it should be visible by now: it was not started because its worker stopped.
    pub(super) fn is_due_back(&self) -> bool {
        let is_draining = |outcome: &Outcome| {
            outcome.reason().is_some_and(|reason| reason.class() == ReasonClass::Draining) && !self.is_started
        };
        matches!(&self.cause, Some(Cause::Outcome(outcome)) if is_draining(outcome))
    }
}
