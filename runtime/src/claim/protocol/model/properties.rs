//! What must always hold, and what must be possible: a model in which nothing happens proves nothing.

use stateright::Property;

use super::{
    Protocol,
    state::{End, Settle, Stage, State},
    step::has_commit,
};
use crate::claim::protocol::{Status, holds};

type Law = Property<Protocol>;

pub(super) const ONE_COMMIT: &str = "I1 at most one attempt commits";
pub(super) const NO_GRANT_AFTER_COMMIT: &str = "I2 no claim is granted after a commit";
pub(super) const NEVER_UNDONE: &str = "I3 a success is never undone";
pub(super) const SUCCESS_IS_TRUE: &str = "I4 a success is reported only of a commit";
pub(super) const NOT_BLOCKED_BY_ITSELF: &str = "I5 no attempt is blocked by its own claim";
pub(super) const REFUSED_AFTER_TAKEOVER: &str = "I7 a completion after a takeover is refused";
pub(super) const OWN_ROW_ONLY: &str = "I8 a release, a renewal or a rejection changes no row that it does not hold";
pub(super) const FENCES_GROW: &str = "I9 fencing tokens grow with every grant";
pub(super) const CONFLICTS_FAIL: &str = "I18 another payload is never a success after a commit";
pub(super) const REJECTED_STAYS: &str = "I19 what was rejected is not run again";
pub(super) const RELEASED_STAYS_FREE: &str = "a late copy of a claim does not take back what its attempt released";
pub(super) const GRANT_HOLDS: &str = "a lease that is granted holds the row";
pub(super) const LEASE_LASTS: &str = "a lease lasts as long as its holder was told";

pub(super) fn of(model: &Protocol) -> Vec<Law> {
    let mut all = always();
    all.extend(sometimes());
    if model.is_watched {
        all.extend(watched());
    }
    if model.has.marks {
        all.push(Law::sometimes("a mark commits", |_, state| {
            state.attempts.iter().any(|attempt| attempt.committed && matches!(attempt.settle, Some((Settle::Mark, _))))
        }));
    }
    if model.has.rejections {
        all.push(Law::sometimes("a rejection is stored", |_, state| is_in(state, Status::Failed)));
        if model.is_watched {
            all.push(Law::sometimes("a rejection is forgotten", |_, state| state.seen.rejection_forgotten));
        }
    }
    if model.has.renewals > 0 {
        all.push(Law::sometimes("a lease is renewed twice", |_, state| {
            state.attempts.iter().any(|attempt| attempt.lease.is_some_and(|held| held.end_ms > super::END_MS + 1))
        }));
    }
    all
}

fn always() -> Vec<Law> {
    vec![
        Law::always(ONE_COMMIT, |_, state| state.attempts.iter().filter(|a| a.committed).count() <= 1),
        Law::always(NO_GRANT_AFTER_COMMIT, |_, state| !state.broken.granted_after_commit),
        Law::always(NEVER_UNDONE, |_, state| !has_commit(state) || is_in(state, Status::Completed)),
        Law::always(SUCCESS_IS_TRUE, |_, state| {
            state.attempts.iter().all(|attempt| match attempt.stage {
                Stage::Ended(End::Committed) => attempt.committed,
                _ => !attempt.is_success() || has_commit(state),
            })
        }),
        Law::always(NOT_BLOCKED_BY_ITSELF, |_, state| !state.broken.blocked_by_itself),
        Law::always(REFUSED_AFTER_TAKEOVER, |_, state| !state.broken.completed_after_takeover),
        Law::always(OWN_ROW_ONLY, |_, state| !state.broken.changed_foreign_row),
        Law::always(FENCES_GROW, |_, state| !state.broken.fence_did_not_grow),
        Law::always(CONFLICTS_FAIL, |_, state| {
            let committed = state.attempts.iter().find(|attempt| attempt.committed).map(|attempt| attempt.payload);
            state.attempts.iter().all(|attempt| !attempt.is_success() || committed == Some(attempt.payload))
        }),
        Law::always(REJECTED_STAYS, |_, state| !state.broken.ran_what_was_rejected),
        Law::always(RELEASED_STAYS_FREE, |_, state| !state.broken.taken_back),
        Law::always(GRANT_HOLDS, |_, state| !state.broken.granted_without_row),
        Law::always(LEASE_LASTS, |model, state| {
            let row = state.row.0.as_ref();
            (0..state.attempts.len()).filter_map(|place| model.lease(state, place)).all(|lease| {
                !holds(row, &lease) || row.is_some_and(|row| is_no_shorter(row.status, lease.expires_at_ms))
            })
        }),
    ]
}

/// What can be read off a state.
fn sometimes() -> Vec<Law> {
    vec![
        Law::sometimes("an attempt commits", |_, state| has_ended(state, End::Committed)),
        Law::sometimes("a claim finds a commit", |_, state| has_ended(state, End::Replayed)),
        Law::sometimes("a completion finds a commit", |_, state| has_ended(state, End::CompletedElsewhere)),
        Law::sometimes("a commit whose attempt failed", |_, state| {
            state.attempts.iter().any(|attempt| attempt.committed && attempt.stage == Stage::Ended(End::Failed))
        }),
        Law::sometimes("a claim is given up", |_, state| is_in(state, Status::Released)),
        Law::sometimes("a running attempt is overtaken by one that runs too", |_, state| {
            state.attempts.iter().filter(|attempt| attempt.stage == Stage::Running).count() > 1
        }),
    ]
}

/// What has to be remembered.
fn watched() -> Vec<Law> {
    vec![
        Law::sometimes("an attempt recognises its own claim", |_, state| state.seen.own_write_recognised),
        Law::sometimes("a claim is healed by a read", |_, state| state.seen.claim_healed),
        Law::sometimes("a completion is refused", |_, state| state.seen.completion_refused),
        Law::sometimes("a copy finds its own commit", |_, state| state.seen.own_completion_recognised),
        Law::sometimes("a late copy of a claim is granted", |_, state| state.seen.late_claim_granted),
        Law::sometimes("a row is removed", |_, state| state.seen.removed),
    ]
}

fn is_in(state: &State, status: Status) -> bool {
    state.row.0.as_ref().is_some_and(|row| row.status == status)
}

fn has_ended(state: &State, end: End) -> bool {
    state.attempts.iter().any(|attempt| attempt.stage == Stage::Ended(end))
}

fn is_no_shorter(status: Status, told_ms: u64) -> bool {
    matches!(status, Status::InProgress { lease_expires_at_ms } if lease_expires_at_ms >= told_ms)
}
