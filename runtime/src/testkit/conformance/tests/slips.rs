//! Everything that may be wrong with a store, one thing at a time.

use super::slipped::{Fault, Operation, Slip};
use crate::claim::{
    ClaimRequest, Lease, MarkRequest, StoredResult,
    protocol::{
        Row, Status, cancel, claim, complete, fail, forget, holds, mark, release, renew,
        rules::{Change, Rules, slips},
    },
};

pub(super) fn all() -> Vec<(&'static str, Slip)> {
    let own = own_rules().into_iter().chain(of_the_protocol());
    let rules = own.map(|(name, rules)| (name, Slip { rules, ..Slip::default() }));
    rules.chain(gaps()).chain(faults()).chain(cancellations()).collect()
}

/// Those that the model and the simulator run, too.
fn of_the_protocol() -> [(&'static str, Rules); 14] {
    [
        ("complete without a condition", slips::complete_without_a_condition()),
        ("complete without the fence", slips::complete_without_the_fence()),
        ("release as a delete", slips::release_as_a_delete()),
        ("release without the owner", slips::release_without_the_owner()),
        ("release without the fence", slips::release_without_the_fence()),
        ("own write unrecognised", slips::own_write_unrecognised()),
        ("own write recognised in any state", slips::own_write_recognised_in_any_state()),
        ("renewal that may shorten", slips::renewal_that_may_shorten()),
        ("claim of one's own release", slips::claim_of_ones_own_release()),
        ("fence that starts anew", slips::fence_that_starts_anew()),
        ("refused completion as success", slips::refused_completion_as_success()),
        ("payload not compared", slips::payload_not_compared()),
        ("rejection as a release", slips::rejection_as_a_release()),
        ("Powertools", slips::powertools()),
    ]
}

fn own_rules() -> Vec<(&'static str, Rules)> {
    let code = Rules::default();
    vec![
        ("grants nothing", Rules { claim: |_, _, _| Change::Refused, ..code }),
        (
            "takes over within the skew",
            Rules {
                claim: |row, request, now_ms| {
                    granted_if(row, claim::allows(row, request, now_ms + 1_001), request, now_ms)
                },
                ..code
            },
        ),
        (
            "takes nothing over",
            Rules {
                claim: |row, request, now_ms| {
                    let is_held = row.is_some_and(|row| matches!(row.status, Status::InProgress { .. }));
                    granted_if(row, !is_held && claim::allows(row, request, now_ms), request, now_ms)
                },
                ..code
            },
        ),
        (
            "an expired row stays",
            Rules {
                claim: |row, request, now_ms| {
                    let is_expired = row.is_some_and(|row| row.is_expired(now_ms));
                    granted_if(row, !is_expired && claim::allows(row, request, now_ms), request, now_ms)
                },
                ..code
            },
        ),
        (
            "attempts are not counted",
            Rules {
                claim: |row, request, now_ms| match granted_if(
                    row,
                    claim::allows(row, request, now_ms),
                    request,
                    now_ms,
                ) {
                    Change::Put(row) => Change::Put(Row { attempts: 1, ..row }),
                    change => change,
                },
                ..code
            },
        ),
        (
            "attempts outlive a release",
            Rules {
                release: |row, lease| {
                    held(row, lease, |row| Row { attempts: row.attempts, ..release::released(row, 0) })
                },
                ..code
            },
        ),
        (
            "the version is not kept",
            Rules {
                claim: |row, request, now_ms| match granted_if(
                    row,
                    claim::allows(row, request, now_ms),
                    request,
                    now_ms,
                ) {
                    Change::Put(row) => Change::Put(Row { version: None, ..row }),
                    change => change,
                },
                ..code
            },
        ),
        (
            "results are not kept",
            Rules {
                complete: |row, request| {
                    held(row, &request.lease, |row| Row {
                        result: StoredResult::Nothing,
                        ..complete::completed(row, request, 0)
                    })
                },
                ..code
            },
        ),
        (
            "a mark keeps no result",
            Rules {
                mark: |row, request, now_ms| {
                    marked_if(
                        row,
                        claim::allows(row, &request.claim, now_ms),
                        &MarkRequest::new(request.claim.clone()),
                        now_ms,
                    )
                },
                ..code
            },
        ),
        // Such as a lease that is over by the clock.
        ("completes nothing", Rules { complete: |_, _| Change::Refused, ..code }),
        (
            "a mark looks at nothing",
            Rules { mark: |row, request, now_ms| marked_if(row, true, request, now_ms), ..code },
        ),
        (
            "a mark does not see rejections",
            Rules {
                mark: |row, request, now_ms| {
                    let is_rejected = row.is_some_and(|row| row.status == Status::Failed);
                    marked_if(row, is_rejected || claim::allows(row, &request.claim, now_ms), request, now_ms)
                },
                ..code
            },
        ),
        (
            "a mark takes nothing over",
            Rules { mark: |row, request, now_ms| marked_if(row, row.is_none(), request, now_ms), ..code },
        ),
        (
            "a rejection looks at nothing",
            Rules { fail: |row, request| row.map(|row| fail::failed(row, request, 0)).into(), ..code },
        ),
        (
            "a rejection blocks every version and payload",
            Rules {
                claim: |row, request, now_ms| {
                    let is_rejected = row.is_some_and(|row| row.status == Status::Failed);
                    granted_if(row, !is_rejected && claim::allows(row, request, now_ms), request, now_ms)
                },
                ..code
            },
        ),
        (
            "a rejection forgets why",
            Rules {
                fail: |row, request| {
                    held(row, &request.lease, |row| Row { error: None, ..fail::failed(row, request, 0) })
                },
                ..code
            },
        ),
        (
            "a renewal looks at nothing",
            Rules { renew: |row, _, until_ms| row.map(|row| renew::renewed(row, until_ms)).into(), ..code },
        ),
        (
            "everything can be forgotten",
            Rules { forget: |row| row.map(|row| forget::forgotten(row, 0)).into(), ..code },
        ),
    ]
}

/// Operations that look first and write then.
fn gaps() -> [(&'static str, Slip); 8] {
    [
        ("a gap in the claim", Operation::Claim),
        ("a gap in the completion", Operation::Complete),
        ("a gap in the release", Operation::Release),
        ("a gap in the cancellation", Operation::Cancel),
        ("a gap in the rejection", Operation::Fail),
        ("a gap in the renewal", Operation::Renew),
        ("a gap in the mark", Operation::Mark),
        ("a gap in forgetting", Operation::Forget),
    ]
    .map(|(name, operation)| (name, Slip { gap: Some(operation), ..Slip::default() }))
}

fn faults() -> [(&'static str, Slip); 6] {
    [
        ("one answer for all", Fault::AnswersOnce),
        ("answers in another order", Fault::AnswersBackwards),
        ("a refusal refuses what is behind it", Fault::RefusesAllBehindARefusal),
        ("twenty-five of a call", Fault::TakesTwentyFive),
        ("no time is kept", Fault::KeepsNoTime),
        ("reads find nothing", Fault::ReadsNothing),
    ]
    .map(|(name, fault)| (name, Slip { fault: Some(fault), ..Slip::default() }))
}

fn cancellations() -> [(&'static str, Slip); 3] {
    let slip = |cancel| Slip { cancel, ..Slip::default() };
    [
        ("a cancellation frees", slip(|row, lease| held(row, lease, |row| release::released(row, 0)))),
        ("a cancellation looks at nothing", slip(|row, _| row.map(cancel::cancelled).into())),
        (
            "a cancellation is an attempt",
            slip(|row, lease| held(row, lease, |row| Row { attempts: row.attempts + 1, ..row.clone() })),
        ),
    ]
}

fn granted_if(row: Option<&Row>, allows: bool, request: &ClaimRequest, now_ms: u64) -> Change {
    allows.then(|| claim::granted(row, request, now_ms)).into()
}

fn marked_if(row: Option<&Row>, allows: bool, request: &MarkRequest, now_ms: u64) -> Change {
    allows.then(|| mark::marked(row, request, now_ms)).into()
}

fn held(row: Option<&Row>, lease: &Lease, next: impl FnOnce(&Row) -> Row) -> Change {
    row.filter(|row| holds(Some(row), lease)).map(next).into()
}
