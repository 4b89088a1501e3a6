//! Slips, planted one at a time. Each breaks a property, but one, which says so.

use super::{Change, Rules};
use crate::claim::{
    ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, Lease, StoredResult,
    protocol::{Found, Row, Status, Write, claim, complete, release},
};

pub(crate) fn complete_without_a_condition() -> Rules {
    Rules { complete: |row, request| Change::Put(overwritten(row, request)), ..Rules::default() }
}

pub(crate) fn complete_without_the_fence() -> Rules {
    let complete: fn(Option<&Row>, &CompleteRequest) -> Change = |row, request| {
        let own = row.filter(|row| is_in_progress(row) && row.owner == request.lease.owner);
        own.map(|row| complete::completed(row, request, 0)).into()
    };
    Rules { complete, ..Rules::default() }
}

pub(crate) fn release_as_a_delete() -> Rules {
    Rules { release: |_, _| Change::Delete, ..Rules::default() }
}

pub(crate) fn release_without_the_owner() -> Rules {
    Rules {
        release: |row, _| row.filter(|row| is_in_progress(row)).map(|row| release::released(row, 0)).into(),
        ..Rules::default()
    }
}

pub(crate) fn release_without_the_fence() -> Rules {
    let release: fn(Option<&Row>, &Lease) -> Change = |row, lease| {
        row.filter(|row| is_in_progress(row) && row.owner == lease.owner).map(|row| release::released(row, 0)).into()
    };
    Rules { release, ..Rules::default() }
}

pub(crate) fn own_write_unrecognised() -> Rules {
    Rules { claim_answer: unrecognising, healed: |_, _, _| None, ..Rules::default() }
}

pub(crate) fn own_write_recognised_in_any_state() -> Rules {
    let claim_answer: fn(Write<Row>, &ClaimRequest) -> ClaimAnswer = |write, request| match write {
        Write::Refused(Found::Row(row)) if row.owner == request.owner => {
            ClaimAnswer::Acquired(Lease::granted(request, row.fence, row.attempts, request.lease_expires_at_ms))
        }
        write => claim::answer(write, request),
    };
    Rules { claim_answer, ..Rules::default() }
}

pub(crate) fn renewal_that_may_shorten() -> Rules {
    let renew: fn(Option<&Row>, &Lease, u64) -> Change = |row, lease, until_ms| {
        use crate::claim::protocol::{holds, renew};
        row.filter(|_| holds(row, lease)).map(|row| renew::renewed(row, until_ms)).into()
    };
    Rules { renew, ..Rules::default() }
}

/// A claim that a released row's former owner may have again.
pub(crate) fn claim_of_ones_own_release() -> Rules {
    Rules {
        claim: |row, request, now_ms| {
            let allows = claim::allows(row, request, now_ms) || row.is_some_and(|row| row.status == Status::Released);
            allows.then(|| claim::granted(row, request, now_ms)).into()
        },
        ..Rules::default()
    }
}

/// A grant whose fencing token starts anew, as where a release removes it.
pub(crate) fn fence_that_starts_anew() -> Rules {
    Rules {
        claim: |row, request, now_ms| {
            claim::allows(row, request, now_ms).then(|| claim::granted(None, request, 1)).into()
        },
        ..Rules::default()
    }
}

/// A completion that takes every refusal for the success of another.
pub(crate) fn refused_completion_as_success() -> Rules {
    let complete_answer: fn(&Write<Row>, &CompleteRequest) -> CompleteAnswer = |write, request| match write {
        Write::Refused(Found::Row(_)) => CompleteAnswer::CompletedElsewhere,
        write => complete::answer(write, request),
    };
    Rules { complete_answer, ..Rules::default() }
}

/// A success answers for every payload.
pub(crate) fn payload_not_compared() -> Rules {
    let claim_answer: fn(Write<Row>, &ClaimRequest) -> ClaimAnswer = |write, request| match write {
        Write::Refused(Found::Row(row)) if row.status == Status::Completed => {
            ClaimAnswer::Completed { result: row.result }
        }
        write => claim::answer(write, request),
    };
    Rules { claim_answer, ..Rules::default() }
}

/// A rejection is as free as a release.
pub(crate) fn rejection_as_a_release() -> Rules {
    Rules {
        claim: |row, request, now_ms| {
            let allows = claim::allows(row, request, now_ms) || row.is_some_and(|row| row.status == Status::Failed);
            allows.then(|| claim::granted(row, request, now_ms)).into()
        },
        ..Rules::default()
    }
}

#[cfg(test)]
/// The fence alone, without the owner: no slip as long as fencing tokens differ.
pub(crate) fn release_by_the_fence_alone() -> Rules {
    let release: fn(Option<&Row>, &Lease) -> Change = |row, lease| {
        row.filter(|row| is_in_progress(row) && row.fence == lease.fence).map(|row| release::released(row, 0)).into()
    };
    Rules { release, ..Rules::default() }
}

/// The rules of Powertools for AWS Lambda: a conditional claim, a completion and a delete without conditions.
pub(crate) fn powertools() -> Rules {
    Rules {
        claim_answer: unrecognising,
        healed: |_, _, _| None,
        complete: |row, request| Change::Put(overwritten(row, request)),
        release: |_, _| Change::Delete,
        ..Rules::default()
    }
}

fn is_in_progress(row: &Row) -> bool {
    matches!(row.status, Status::InProgress { .. })
}

/// An update without a condition makes the item where there is none.
fn overwritten(row: Option<&Row>, request: &CompleteRequest) -> Row {
    let Lease { owner, fence, payload_hash, .. } = request.lease;
    let status = Status::Completed;
    row.map_or(
        Row {
            status,
            owner,
            fence,
            since_ms: 0,
            attempts: 0,
            expires_at_s: u64::MAX,
            payload_hash,
            version: None,
            result: StoredResult::Nothing,
            error: None,
        },
        |row| complete::completed(row, request, 0),
    )
}

fn unrecognising(write: Write<Row>, request: &ClaimRequest) -> ClaimAnswer {
    match write {
        Write::Refused(Found::Row(Row { status: Status::InProgress { lease_expires_at_ms }, .. })) => {
            ClaimAnswer::InProgress { lease_expires_at_ms }
        }
        write => claim::answer(write, request),
    }
}
