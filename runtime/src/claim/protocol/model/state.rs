//! What the model remembers: the row, the attempts, what is on its way, and what went wrong.

use std::{
    collections::BTreeSet,
    hash::{Hash, Hasher},
};

use stateright::Representative;

use super::START;
use crate::claim::{
    FencingToken, Owner,
    protocol::{Row, Status},
};

/// How often a request may be delivered: the original, and one more by the SDK.
pub(super) const COPIES: u8 = 2;

/// How often a lease may be renewed.
pub(super) const RENEWALS: usize = 2;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) row: Stored,
    pub(super) attempts: Vec<Attempt>,
    /// The highest fencing token that was granted.
    pub(super) last_fence: u64,
    pub(super) broken: Broken,
    /// Only where the model is watched; it would multiply the states.
    pub(super) seen: Seen,
}

/// The row of the one key, hashable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored(pub(super) Option<Row>);

impl Hash for Stored {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let Some(Row { status, owner, fence, since_ms, attempts, expires_at_s, payload_hash, version, result, error }) =
            &self.0
        else {
            return 0_u8.hash(hasher);
        };
        match status {
            Status::InProgress { lease_expires_at_ms } => (1_u8, lease_expires_at_ms).hash(hasher),
            Status::Completed => 2_u8.hash(hasher),
            Status::Released => 3_u8.hash(hasher),
            Status::Failed => 4_u8.hash(hasher),
        }
        (owner, fence, since_ms, attempts, expires_at_s, payload_hash, version, result, error).hash(hasher);
    }
}

/// One attempt, whose owner is its place, with its requests that may still be delivered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Attempt {
    /// Which payload it has.
    pub(super) payload: u8,
    pub(super) stage: Stage,
    /// Whether a write of this attempt made the row a success.
    pub(super) committed: bool,
    /// The lease that it was granted, as long as a request may name it.
    pub(super) lease: Option<Held>,
    /// Copies of its claim that may still be delivered.
    pub(super) claims: u8,
    /// What it said after the claim, and the copies of it that may still be delivered. Never two things.
    pub(super) settle: Option<(Settle, u8)>,
    /// Copies of each renewal that was sent.
    pub(super) renewals: [u8; RENEWALS],
    pub(super) renewals_sent: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Stage {
    Idle,
    Claiming,
    Running,
    /// A completion or a mark was sent.
    Completing,
    Ended(End),
}

/// How an attempt ended. A failure, a crash, a cancellation and a deadline are one: nothing more is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum End {
    /// Success: committed by this attempt.
    Committed,
    /// Success: the claim found a commit.
    Replayed,
    /// Success: the completion found the commit of another attempt.
    CompletedElsewhere,
    Failed,
}

/// What an attempt tells the store after its claim, or instead of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Settle {
    Complete,
    Release,
    Fail,
    Mark,
}

/// What an attempt knows of its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Held {
    pub(super) fence: u64,
    pub(super) end_ms: u64,
}

/// What must never happen and cannot be read off a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Broken {
    pub(super) granted_after_commit: bool,
    pub(super) blocked_by_itself: bool,
    pub(super) completed_after_takeover: bool,
    pub(super) changed_foreign_row: bool,
    pub(super) fence_did_not_grow: bool,
    pub(super) granted_without_row: bool,
    pub(super) ran_what_was_rejected: bool,
    pub(super) taken_back: bool,
}

/// What happened on the way here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Seen {
    pub(super) own_write_recognised: bool,
    pub(super) claim_healed: bool,
    pub(super) completion_refused: bool,
    pub(super) own_completion_recognised: bool,
    pub(super) late_claim_granted: bool,
    pub(super) removed: bool,
    pub(super) rejection_forgotten: bool,
}

impl Attempt {
    pub(super) fn new(payload: u8) -> Self {
        Self {
            payload,
            stage: Stage::Idle,
            committed: false,
            lease: None,
            claims: 0,
            settle: None,
            renewals: [0; RENEWALS],
            renewals_sent: 0,
        }
    }

    pub(super) fn is_success(&self) -> bool {
        matches!(self.stage, Stage::Ended(End::Committed | End::Replayed | End::CompletedElsewhere))
    }

    /// Forgets what can have no effect any more.
    pub(super) fn tidy(&mut self) {
        self.settle = self.settle.filter(|(_, copies)| *copies > 0 || self.stage == Stage::Completing);
        if matches!(self.stage, Stage::Ended(_)) {
            self.renewals_sent = 0;
            if self.settle.is_none() && self.renewals == [0; RENEWALS] {
                self.lease = None;
            }
        }
    }
}

impl Representative for State {
    /// Attempts with the same payload are interchangeable, and of fencing tokens only the order counts.
    fn representative(&self) -> Self {
        let mut state = self.clone();
        state.renumber_fences();
        state.sort_attempts();
        state
    }
}

impl State {
    fn renumber_fences(&mut self) {
        let row = self.row.0.iter().map(|row| row.fence.0);
        let leases = self.attempts.iter().filter_map(|attempt| attempt.lease).map(|lease| lease.fence);
        let used: BTreeSet<u64> = row.chain(leases).chain([self.last_fence]).collect();
        let renumbered = |fence: u64| START + used.range(..fence).count() as u64;
        if let Some(row) = &mut self.row.0 {
            row.fence = FencingToken(renumbered(row.fence.0));
        }
        for lease in self.attempts.iter_mut().filter_map(|attempt| attempt.lease.as_mut()) {
            lease.fence = renumbered(lease.fence);
        }
        self.last_fence = renumbered(self.last_fence);
    }

    fn sort_attempts(&mut self) {
        let owner = self.row.0.as_ref().map(|row| row.owner);
        let is_owner = |place: usize| owner == Some(Owner::from_bits(place as u128));
        let mut marked: Vec<_> = self.attempts.drain(..).enumerate().map(|(i, a)| (a, is_owner(i))).collect();
        marked.sort_unstable();
        if let Some(row) = &mut self.row.0
            && let Some(place) = marked.iter().position(|(_, is_owner)| *is_owner)
        {
            row.owner = Owner::from_bits(place as u128);
        }
        self.attempts.extend(marked.into_iter().map(|(attempt, _)| attempt));
    }
}
