//! The tables of the protocol, a test for each row.

use super::*;
use crate::claim::{
    FencingToken, IdempotencyKey,
    store::{
        ClaimAnswer, ClaimRequest, CompleteRequest, FailRequest, MarkRequest, ReadAnswer, RenewAnswer, StoredResult,
    },
};

const NOW_MS: u64 = 1_800_000_000_000;
const LEASE_MS: u64 = 30_000;

fn request(owner: u128, payload: &[u8]) -> ClaimRequest {
    let key = IdempotencyKey::derive("orders", &[b"m-1"]);
    let retention_s = NOW_MS / 1_000 + 100;
    ClaimRequest::new(key, Owner::from_bits(owner), NOW_MS + LEASE_MS, retention_s, PayloadHash::of(payload))
}

/// Claims as the memory store does.
fn claim_at(row: Option<&Row>, request: &ClaimRequest, now_ms: u64) -> (Write<Row>, ClaimAnswer) {
    let next = claim::allows(row, request, now_ms).then(|| claim::granted(row, request, now_ms));
    let written = write(row, next);
    (written.clone(), claim::answer(written, request))
}

fn granted(owner: u128) -> (Row, Lease) {
    match claim_at(None, &request(owner, b"a"), NOW_MS) {
        (Write::Written(row), ClaimAnswer::Acquired(lease)) => (row, lease),
        (_, answer) => panic!("a free key was refused: {answer:?}"),
    }
}

fn completion(lease: &Lease, payload: &[u8]) -> CompleteRequest {
    let lease = Lease { payload_hash: PayloadHash::of(payload), ..lease.clone() };
    CompleteRequest::new(lease, NOW_MS / 1_000 + 100)
}

fn complete_on(row: Option<&Row>, request: &CompleteRequest) -> (Write<Row>, CompleteAnswer) {
    let held = row.filter(|row| holds(Some(row), &request.lease));
    let written = write(row, held.map(|row| complete::completed(row, request, NOW_MS)));
    let answer = complete::answer(&written, request);
    (written, answer)
}

fn completed(owner: u128) -> (Row, Lease) {
    let (row, lease) = granted(owner);
    match complete_on(Some(&row), &completion(&lease, b"a")) {
        (Write::Written(row), CompleteAnswer::Committed) => (row, lease),
        (_, answer) => panic!("a held row was refused: {answer:?}"),
    }
}

fn taken_over(owner: u128) -> Row {
    let (row, _) = granted(1);
    match claim_at(Some(&row), &request(owner, b"a"), NOW_MS + 60_000).0 {
        Write::Written(row) => row,
        Write::Refused(found) => panic!("the lease is over: {found:?}"),
    }
}

#[test]
fn claim_granted_and_refused_by_another() {
    let (row, lease) = granted(1);
    assert_eq!((lease.fence, lease.attempts), (FencingToken(NOW_MS + 1), 1));
    let (written, answer) = claim_at(Some(&row), &request(2, b"b"), NOW_MS + 1);
    assert!(matches!(written, Write::Refused(Found::Row(_))));
    let ClaimAnswer::InProgress { lease_expires_at_ms } = answer else { panic!("{answer:?}") };
    assert_eq!(lease_expires_at_ms, NOW_MS + LEASE_MS);
}

#[test]
fn claim_recognises_its_own_write() {
    let (row, lease) = granted(1);
    let (written, answer) = claim_at(Some(&row), &request(1, b"a"), NOW_MS + 1);
    assert!(matches!(written, Write::Refused(_)));
    assert!(matches!(answer, ClaimAnswer::Acquired(same) if same == lease));
}

#[test]
fn claim_takes_over_only_after_the_end_and_the_skew() {
    let (row, _) = granted(1);
    let last = NOW_MS + LEASE_MS + claim::SKEW_MS;
    assert!(!claim::allows(Some(&row), &request(2, b"a"), last));
    let (written, answer) = claim_at(Some(&row), &request(2, b"a"), last + 1);
    let (Write::Written(next), ClaimAnswer::Acquired(lease)) = (written, answer) else { panic!("refused") };
    assert_eq!((next.fence.0, next.attempts, lease.attempts), (row.fence.0 + 1, 2, 2));
}

#[test]
fn claim_of_a_success_is_a_replay_or_a_conflict() {
    let (row, _) = completed(1);
    let kept = Row { result: StoredResult::Kept("5".into()), ..row.clone() };
    let (_, answer) = claim_at(Some(&kept), &request(2, b"a"), NOW_MS);
    assert!(matches!(answer, ClaimAnswer::Completed { result } if result.json() == Some("5")));
    assert!(matches!(claim_at(Some(&row), &request(2, b"b"), NOW_MS).1, ClaimAnswer::KeyConflict));
}

#[test]
fn claim_of_an_expired_row_is_free_whatever_it_says() {
    let (row, _) = completed(1);
    assert!(claim::allows(Some(&row), &request(2, b"b"), NOW_MS + 200_000));
}

/// In whole seconds: the row of which the retention ends now is still kept.
#[test]
fn a_retention_is_over_once_its_second_is_past() {
    let (row, _) = completed(1);
    let last = row.expires_at_s * 1_000 + 999;
    assert!(!row.is_expired(last));
    assert!(row.is_expired(last + 1));
}

#[test]
fn claim_of_a_released_row_is_free_but_not_for_a_late_copy() {
    let (row, _) = granted(1);
    let released = release::released(&row, NOW_MS);
    assert!(!claim::allows(Some(&released), &request(1, b"a"), NOW_MS));
    let (Write::Written(next), _) = claim_at(Some(&released), &request(2, b"a"), NOW_MS) else { panic!("refused") };
    assert!(next.fence > row.fence);
    assert_eq!(next.attempts, 1);
}

#[test]
fn claim_of_a_rejection_is_refused_only_for_its_payload_and_version() {
    let (row, lease) = granted(1);
    let failed = fail::failed(&row, &FailRequest::new(lease, "7", "declined"), NOW_MS);
    let again = request(2, b"a").version("7");
    let (_, answer) = claim_at(Some(&failed), &again, NOW_MS);
    assert!(matches!(answer, ClaimAnswer::RejectedBefore { error: Some(error) } if &*error == "declined"));
    assert!(claim::allows(Some(&failed), &request(2, b"a").version("8"), NOW_MS), "a new deployment");
    assert!(claim::allows(Some(&failed), &request(2, b"b").version("7"), NOW_MS), "another payload");
    assert!(claim::allows(Some(&failed), &request(2, b"a"), NOW_MS), "a version that is not known");
}

#[test]
fn claim_that_met_nothing_it_knows_grants_nothing() {
    let refused = |found| claim::answer(Write::<Row>::Refused(found), &request(1, b"a"));
    assert!(matches!(refused(Found::Corrupt), ClaimAnswer::Corrupt));
    assert!(matches!(refused(Found::Nothing), ClaimAnswer::Unknown(_)));
}

#[test]
fn an_unknown_claim_is_healed_by_what_a_read_proves() {
    let healed = |row: Row| claim::healed(Found::Row(row), &request(1, b"a"), NOW_MS);
    assert!(matches!(healed(granted(1).0), Some(ClaimAnswer::Acquired(_))));
    assert!(matches!(healed(completed(2).0), Some(ClaimAnswer::Completed { .. })));
    assert!(healed(granted(2).0).is_none(), "another's claim says nothing about what is still on its way");
    assert!(claim::healed(Found::Nothing, &request(1, b"a"), NOW_MS).is_none());
    let long_after = claim::healed(Found::Row(completed(2).0), &request(1, b"a"), NOW_MS + 200_000);
    assert!(long_after.is_none(), "a row past its retention says nothing, whatever it says");
    assert!(matches!(claim::healed(Found::Corrupt, &request(1, b"a"), NOW_MS), Some(ClaimAnswer::Corrupt)));
}

#[test]
fn complete_is_refused_to_a_loser_and_changes_nothing() {
    let (_, lost) = granted(1);
    let (written, answer) = complete_on(Some(&taken_over(2)), &completion(&lost, b"a"));
    assert!(matches!((written, answer), (Write::Refused(_), CompleteAnswer::LeaseLost)));
    assert!(matches!(complete_on(None, &completion(&lost, b"a")).1, CompleteAnswer::LeaseLost));
}

#[test]
fn complete_knows_its_own_write_and_that_of_others() {
    let (done, own) = completed(1);
    assert!(matches!(complete_on(Some(&done), &completion(&own, b"a")).1, CompleteAnswer::Committed));
    let (_, other) = granted(2);
    assert!(matches!(complete_on(Some(&done), &completion(&other, b"a")).1, CompleteAnswer::CompletedElsewhere));
    assert!(matches!(complete_on(Some(&done), &completion(&other, b"b")).1, CompleteAnswer::KeyConflict));
}

#[test]
fn complete_asks_no_clock() {
    let (row, lease) = granted(1);
    let long_after = Row { status: Status::InProgress { lease_expires_at_ms: 0 }, ..row };
    assert!(matches!(complete_on(Some(&long_after), &completion(&lease, b"a")).1, CompleteAnswer::Committed));
}

#[test]
fn an_older_fence_of_ones_own_does_not_hold_the_row() {
    let (row, old) = granted(1);
    let later = Row { fence: FencingToken(row.fence.0 + 1), ..row };
    assert!(!holds(Some(&later), &old));
}

#[test]
fn nothing_holds_a_row_that_is_settled() {
    let (row, lease) = granted(1);
    for status in [Status::Completed, Status::Released, Status::Failed] {
        assert!(!holds(Some(&Row { status, ..row.clone() }), &lease), "{status:?}");
    }
    assert!(!holds(None, &lease));
    assert!(matches!(held_answer(&Write::<()>::Refused(Found::Nothing)), HeldAnswer::LeaseLost));
}

#[test]
fn renew_moves_an_end_forward_only() {
    let (row, lease) = granted(1);
    let end = NOW_MS + LEASE_MS;
    assert!(renew::allows(Some(&row), &lease, end + 1));
    assert!(!renew::allows(Some(&row), &lease, end));
    let renewed = renew::renewed(&row, end + 1);
    assert_eq!(renewed, Row { status: Status::InProgress { lease_expires_at_ms: end + 1 }, ..row.clone() });
    let refused = renew::answer(&write(Some(&row), None), &lease, end - 5);
    assert!(matches!(refused, RenewAnswer::Held { lease_expires_at_ms } if lease_expires_at_ms == end), "{refused:?}");
    let taken = renew::answer(&write(Some(&taken_over(2)), None), &lease, end + 5);
    assert!(matches!(taken, RenewAnswer::LeaseLost));
    assert!(matches!(renew::answer(&write(None, None), &lease, end), RenewAnswer::LeaseLost));
}

#[test]
fn mark_is_no_success_while_another_works() {
    let marking = MarkRequest::new(request(2, b"a"));
    let (row, _) = granted(1);
    assert!(!claim::allows(Some(&row), &marking.claim, NOW_MS));
    assert!(matches!(mark::answer(&write(Some(&row), None), &marking), CompleteAnswer::LeaseLost));
    let (done, _) = completed(1);
    assert!(matches!(mark::answer(&write(Some(&done), None), &marking), CompleteAnswer::CompletedElsewhere));
    assert_eq!(mark::marked(None, &marking, NOW_MS).status, Status::Completed);
}

/// Attempts are grants that came to nothing: whatever settles a row begins their count anew. And the row says since when.
#[test]
fn what_is_settled_has_no_attempts_and_says_since_when() {
    let (row, lease) = granted(1);
    let crashed_before = Row { attempts: 3, ..row };
    let rejected = Row { status: Status::Failed, ..crashed_before.clone() };
    let later = NOW_MS + 5_000;
    for settled in [
        complete::completed(&crashed_before, &completion(&lease, b"a"), later),
        mark::marked(Some(&crashed_before), &MarkRequest::new(request(2, b"a")), later),
        release::released(&crashed_before, later),
        fail::failed(&crashed_before, &FailRequest::new(lease, "7", "declined"), later),
        forget::forgotten(&rejected, later),
    ] {
        assert_eq!((settled.attempts, settled.since_ms), (0, later), "{:?}", settled.status);
    }
}

#[test]
fn a_success_keeps_its_result_for_the_time_that_was_asked() {
    let (row, lease) = granted(1);
    let result = StoredResult::Kept("5".into());
    let completing = CompleteRequest::new(lease, row.expires_at_s + 7).result(result.clone());
    let done = complete::completed(&row, &completing, NOW_MS);
    assert_eq!((done.result, done.expires_at_s), (result.clone(), row.expires_at_s + 7));
    let marking = MarkRequest::new(request(2, b"a")).result(result.clone());
    assert_eq!(mark::marked(None, &marking, NOW_MS).result, result);
}

#[test]
fn forget_touches_rejections_only() {
    let (row, lease) = granted(1);
    let failed = fail::failed(&row, &FailRequest::new(lease, "7", "declined"), NOW_MS);
    assert!(forget::allows(Some(&failed)));
    let forgotten = forget::forgotten(&failed, NOW_MS);
    assert!(claim::allows(Some(&forgotten), &request(2, b"a").version("7"), NOW_MS));
    assert_eq!(forgotten.error, None);
    assert!(!forget::allows(Some(&row)) && !forget::allows(Some(&completed(1).0)) && !forget::allows(None));
}

/// What a read says is what the claim would have met, and silence where the claim would be granted.
#[test]
fn read_says_what_a_claim_would_meet() {
    let (held, lease) = granted(1);
    let (done, _) = completed(1);
    let failed = fail::failed(&held, &FailRequest::new(lease.clone(), "7", "declined"), NOW_MS);
    let released = release::released(&held, NOW_MS);
    for row in [held, done, failed, released] {
        for payload in [b"a", b"b"] {
            for now_ms in
                [NOW_MS, NOW_MS + LEASE_MS + claim::SKEW_MS, NOW_MS + LEASE_MS + claim::SKEW_MS + 1, NOW_MS + 200_000]
            {
                let asked = request(2, payload).version("7");
                let said = read::answer(ReadAnswer::Row(row.clone().into()), &asked, now_ms);
                let (_, met) = claim_at(Some(&row), &asked, now_ms);
                match (said, met) {
                    (None, ClaimAnswer::Acquired(_)) => {}
                    (Some(said), met) => assert_eq!(format!("{said:?}"), format!("{met:?}")),
                    (None, met) => panic!("{row:?} at {now_ms} is silent where the claim meets {met:?}"),
                }
            }
        }
    }
    assert!(read::answer(ReadAnswer::Nothing, &request(2, b"a"), NOW_MS).is_none());
}

/// A handler that was stopped was heard of: what comes behind it does not count it for a crash.
#[test]
fn a_cancelled_row_keeps_its_lease_and_forgets_its_attempts() {
    let (row, _) = granted(1);
    let row = Row { attempts: 3, ..row };
    assert_eq!(cancel::cancelled(&row), Row { attempts: 0, ..row });
}
