//! What can go wrong with one request to the store, and which request it is.

/// Whether the server applies a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Applied {
    Never,
    Now,
    /// Behind the batch's answer, before the next delivery.
    AfterTheAnswer,
    /// In the next delivery: behind its claim of the same key, or its read where nothing is claimed, and once more at its end.
    InTheNextDelivery,
}

/// What the client hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Broken,
    Throttled,
    ServerError,
    /// What the client makes of an attempt that took too long, said at once: nobody waits here.
    TimedOut,
    /// Nothing, until the invocation's deadline is past.
    Never,
    /// A transaction was cancelled: another one is at one of its items.
    Conflict,
    /// A transaction was cancelled: one of its items was throttled.
    ThrottledInside,
    /// An earlier try of the same transaction goes on.
    InProgress,
    /// Another transaction had that token.
    Mismatched,
    /// Of what travels together this one failed, at the server.
    FailedInCompany,
    /// Of what travels together this one was throttled.
    ThrottledInCompany,
}

impl Reply {
    /// Whether the request may have been applied, by what this says.
    pub(super) fn leaves_doubt(self) -> bool {
        !matches!(self, Self::Throttled | Self::Conflict | Self::ThrottledInside | Self::ThrottledInCompany)
    }

    /// Whether it is said of one write among those that travel together, and not of the request.
    pub(super) fn is_of_one(self) -> bool {
        matches!(self, Self::FailedInCompany | Self::ThrottledInCompany)
    }

    /// Whether another one stands for it where all cannot be met: the store does not tell them apart.
    pub(super) fn says_the_same_as_another(self) -> bool {
        matches!(self, Self::ServerError | Self::TimedOut | Self::InProgress | Self::ThrottledInside)
    }
}

/// Which attempts of one operation are hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    FirstAttempt,
    /// A first try of the store, with the SDK's retry of it.
    FirstTwo,
    /// All but the first.
    LaterAttempts,
    /// All but the first two.
    AfterTwo,
    EveryAttempt,
}

impl Scope {
    /// Counted from 1.
    pub(super) fn hits(self, attempt: u32) -> bool {
        match self {
            Self::FirstAttempt => attempt == 1,
            Self::FirstTwo => attempt <= 2,
            Self::LaterAttempts => attempt > 1,
            Self::AfterTwo => attempt > 2,
            Self::EveryAttempt => true,
        }
    }

    /// Whether it hits the last attempt, however many there are.
    pub(super) fn lasts(self) -> bool {
        self.hits(u32::MAX)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) applied: Applied,
    pub(super) reply: Reply,
    pub(super) scope: Scope,
}

/// An operation of the store on one record, in the order of one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// The read before anything else.
    Look,
    /// Among the claims of other records, in one request.
    ClaimTogether,
    Claim,
    ReadAfterClaim,
    /// A success together with business writes.
    Transact,
    /// The same as the next, among those of other records in one request.
    SettleTogether,
    /// Completion, mark, release or rejection.
    Settle,
    ReadAfterSettle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Operation {
    pub(super) stage: Stage,
    pub(super) record: usize,
}

/// A fault at an operation.
pub(super) type Point = (Operation, Fault);

/// The process is gone with its n-th request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kill {
    pub(super) at: usize,
    pub(super) applied: Applied,
}

impl Stage {
    fn is_write(self) -> bool {
        self.travels() || matches!(self, Self::Claim | Self::Transact | Self::Settle)
    }

    pub(super) fn travels(self) -> bool {
        matches!(self, Self::ClaimTogether | Self::SettleTogether)
    }

    /// What can become of one attempt that is answered somehow.
    pub(super) fn kinds(self) -> Vec<(Applied, Reply)> {
        use Applied::{AfterTheAnswer, InTheNextDelivery, Never, Now};
        let lost = [Reply::Broken, Reply::Throttled, Reply::ServerError, Reply::TimedOut];
        let mut kinds = lost.map(|reply| (Never, reply)).to_vec();
        if self.is_write() {
            kinds.extend([(Now, Reply::Broken), (Now, Reply::ServerError)]);
            kinds.extend([(AfterTheAnswer, Reply::Broken), (InTheNextDelivery, Reply::Broken)]);
        }
        if self.travels() {
            let failed = |applied| (applied, Reply::FailedInCompany);
            kinds.extend([Never, Now, AfterTheAnswer, InTheNextDelivery].map(failed));
            kinds.push((Never, Reply::ThrottledInCompany));
        }
        if self == Self::Transact {
            kinds.extend([(Now, Reply::TimedOut), (AfterTheAnswer, Reply::TimedOut)]);
            kinds.extend([(Never, Reply::Conflict), (Never, Reply::ThrottledInside)]);
            kinds.extend([Never, Now, AfterTheAnswer].map(|applied| (applied, Reply::InProgress)));
            kinds.extend([Never, Now].map(|applied| (applied, Reply::Mismatched)));
        }
        kinds
    }

    /// Every fault that this operation can meet.
    pub(super) fn faults(self) -> Vec<Fault> {
        use Applied::{InTheNextDelivery, Never, Now};
        // What travels together is sent once.
        let scopes: &[Scope] =
            if self.travels() { &[Scope::EveryAttempt] } else { &[Scope::FirstAttempt, Scope::EveryAttempt] };
        let kinds = self.kinds().into_iter();
        let answered =
            kinds.flat_map(|(applied, reply)| scopes.iter().map(move |&scope| Fault { applied, reply, scope }));
        // Nothing follows an attempt that never ends.
        let hung = if self.is_write() { vec![Never, Now, InTheNextDelivery] } else { vec![Never] };
        let hung = hung.into_iter().map(|applied| Fault { applied, reply: Reply::Never, scope: Scope::EveryAttempt });
        answered.chain(hung).collect()
    }
}
