//! What can go wrong with one request to the store, and which request it is.

/// Whether the server applies a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Applied {
    Never,
    Now,
    /// Behind the batch's answer, before the next delivery.
    AfterTheAnswer,
    /// In the next delivery: behind its claim of the same key, and once more at its end.
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
}

/// How many attempts of one operation are hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    FirstAttempt,
    EveryAttempt,
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
    Claim,
    ReadAfterClaim,
    /// Completion, release or rejection.
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
        matches!(self, Self::Claim | Self::Settle)
    }

    /// Every fault that this operation can meet.
    pub(super) fn faults(self) -> Vec<Fault> {
        use Applied::{AfterTheAnswer, InTheNextDelivery, Never, Now};
        let lost = [Reply::Broken, Reply::Throttled, Reply::ServerError, Reply::TimedOut];
        let mut kinds = lost.map(|reply| (Never, reply)).to_vec();
        let mut hung = vec![Never];
        if self.is_write() {
            kinds.extend([(Now, Reply::Broken), (Now, Reply::ServerError)]);
            kinds.extend([(AfterTheAnswer, Reply::Broken), (InTheNextDelivery, Reply::Broken)]);
            hung.extend([Now, InTheNextDelivery]);
        }
        let scopes = [Scope::FirstAttempt, Scope::EveryAttempt];
        let answered =
            kinds.into_iter().flat_map(|(applied, reply)| scopes.map(|scope| Fault { applied, reply, scope }));
        // Nothing follows an attempt that never ends.
        let hung = hung.into_iter().map(|applied| Fault { applied, reply: Reply::Never, scope: Scope::EveryAttempt });
        answered.chain(hung).collect()
    }
}
