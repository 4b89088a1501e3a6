//! The decisions: (stored row, request, time) -> (what is written, what is answered). Pure.

use super::{
    ClaimAnswer, ClaimRequest, CompleteAnswer, HeldAnswer, Lease,
    row::{Row, Status},
    store::next_fence,
};

/// How far clocks of two machines may differ; appears only where a lease is taken over.
pub(super) const SKEW_MS: u64 = 1_000;

/// What a conditional write does: the new row where its condition holds, and the answer either way.
pub(super) struct Decision<A> {
    pub(super) write: Option<Row>,
    pub(super) answer: A,
}

impl<A> Decision<A> {
    fn write(row: Row, answer: A) -> Self {
        Self { write: Some(row), answer }
    }

    fn refuse(answer: A) -> Self {
        Self { write: None, answer }
    }
}

pub(super) fn claim(row: Option<&Row>, request: &ClaimRequest, now_ms: u64) -> Decision<ClaimAnswer> {
    match row {
        Some(row) if !may_claim(row, request, now_ms) => Decision::refuse(refused(row, request)),
        row => grant(row, request, now_ms),
    }
}

/// The condition of the claiming write.
fn may_claim(row: &Row, request: &ClaimRequest, now_ms: u64) -> bool {
    let expired = row.expires_at_s < now_ms / 1_000;
    let free = match row.status {
        Status::Released => row.owner != request.owner,
        Status::InProgress { lease_expires_at_ms } => lease_expires_at_ms < now_ms.saturating_sub(SKEW_MS),
        Status::Completed => false,
    };
    expired || free
}

fn grant(row: Option<&Row>, request: &ClaimRequest, now_ms: u64) -> Decision<ClaimAnswer> {
    let fence = next_fence(row.map(|row| row.fence), now_ms);
    let granted = Row {
        status: Status::InProgress { lease_expires_at_ms: request.lease_expires_at_ms },
        owner: request.owner,
        fence,
        attempts: row.map_or(0, |row| row.attempts).saturating_add(1),
        expires_at_s: request.expires_at_s,
        payload_hash: request.payload_hash,
    };
    let lease = Lease::new(request.key.clone(), request.owner, fence, request.lease_expires_at_ms);
    Decision::write(granted, ClaimAnswer::Acquired(lease))
}

/// What a refusal means, by the row that refused.
fn refused(row: &Row, request: &ClaimRequest) -> ClaimAnswer {
    match row.status {
        // The reply to this very request was lost and it was sent again: the claim is ours.
        Status::InProgress { lease_expires_at_ms } if row.owner == request.owner => {
            ClaimAnswer::Acquired(Lease::new(request.key.clone(), row.owner, row.fence, lease_expires_at_ms))
        }
        Status::InProgress { lease_expires_at_ms } => ClaimAnswer::InProgress { lease_expires_at_ms },
        Status::Completed if row.payload_hash == request.payload_hash => ClaimAnswer::Completed,
        Status::Completed => ClaimAnswer::KeyConflict,
        // Our own released row: an old copy of the request came late, and its claim is over.
        Status::Released => ClaimAnswer::InProgress { lease_expires_at_ms: 0 },
    }
}

fn holds(row: &Row, lease: &Lease) -> bool {
    matches!(row.status, Status::InProgress { .. }) && row.owner == lease.owner && row.fence == lease.fence
}

pub(super) fn complete(row: Option<&Row>, lease: &Lease, expires_at_s: u64) -> Decision<CompleteAnswer> {
    match row {
        Some(row) if holds(row, lease) => {
            let completed = Row { status: Status::Completed, attempts: 0, expires_at_s, ..row.clone() };
            Decision::write(completed, CompleteAnswer::Committed)
        }
        Some(row) if row.status == Status::Completed && row.owner == lease.owner => {
            Decision::refuse(CompleteAnswer::Committed)
        }
        Some(row) if row.status == Status::Completed => Decision::refuse(CompleteAnswer::CompletedElsewhere),
        _ => Decision::refuse(CompleteAnswer::LeaseLost),
    }
}

pub(super) fn release(row: Option<&Row>, lease: &Lease) -> Decision<HeldAnswer> {
    match row {
        Some(row) if holds(row, lease) => {
            let released = Row { status: Status::Released, attempts: 0, ..row.clone() };
            Decision::write(released, HeldAnswer::Written)
        }
        _ => Decision::refuse(HeldAnswer::LeaseLost),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{FencingToken, IdempotencyKey, Owner, PayloadHash},
        *,
    };

    const NOW_MS: u64 = 1_800_000_000_000;

    fn request(owner: u128, payload: &[u8]) -> ClaimRequest {
        let key = IdempotencyKey::derive("orders", &[b"m-1"]);
        let retention_s = NOW_MS / 1_000 + 100;
        ClaimRequest::new(key, Owner::from_bits(owner), NOW_MS + 30_000, retention_s, PayloadHash::of(payload))
    }

    fn granted(owner: u128) -> (Row, Lease) {
        let decision = claim(None, &request(owner, b"a"), NOW_MS);
        match (decision.write, decision.answer) {
            (Some(row), ClaimAnswer::Acquired(lease)) => (row, lease),
            (_, answer) => panic!("a free key was refused: {answer:?}"),
        }
    }

    #[test]
    fn a_free_key_is_granted_and_a_held_one_is_not() {
        let (row, lease) = granted(1);
        assert_eq!(lease.fence, FencingToken(NOW_MS + 1));
        let second = claim(Some(&row), &request(2, b"a"), NOW_MS + 1);
        assert!(second.write.is_none());
        assert!(
            matches!(second.answer, ClaimAnswer::InProgress { lease_expires_at_ms } if lease_expires_at_ms == NOW_MS + 30_000)
        );
    }

    #[test]
    fn ones_own_write_is_recognised() {
        let (row, lease) = granted(1);
        let again = claim(Some(&row), &request(1, b"a"), NOW_MS + 1);
        assert!(matches!(again.answer, ClaimAnswer::Acquired(ref same) if *same == lease));
        assert!(again.write.is_none());
    }

    #[test]
    fn a_lease_is_taken_over_only_after_its_end_and_the_skew() {
        let (row, _) = granted(1);
        let end = NOW_MS + 30_000;
        assert!(claim(Some(&row), &request(2, b"a"), end + SKEW_MS).write.is_none());
        let takeover = claim(Some(&row), &request(2, b"a"), end + SKEW_MS + 1).write.expect("the lease is over");
        assert_eq!((takeover.fence.0, takeover.attempts), (row.fence.0 + 1, 2));
    }

    #[test]
    fn a_late_loser_changes_nothing() {
        let (row, lost) = granted(1);
        let taken = claim(Some(&row), &request(2, b"a"), NOW_MS + 60_000).write.expect("the lease is over");
        assert!(matches!(
            complete(Some(&taken), &lost, 0),
            Decision { write: None, answer: CompleteAnswer::LeaseLost }
        ));
        assert!(matches!(release(Some(&taken), &lost), Decision { write: None, answer: HeldAnswer::LeaseLost }));
    }

    #[test]
    fn an_own_later_grant_does_not_complete_under_the_older_fence() {
        let (row, old) = granted(1);
        let taken = Row { fence: FencingToken(row.fence.0 + 1), ..row };
        assert!(matches!(complete(Some(&taken), &old, 0).answer, CompleteAnswer::LeaseLost));
    }

    #[test]
    fn completed_is_a_replay_or_a_conflict_and_never_undone() {
        let (row, lease) = granted(1);
        let done = complete(Some(&row), &lease, NOW_MS / 1_000 + 100).write.expect("held");
        assert!(matches!(claim(Some(&done), &request(2, b"a"), NOW_MS).answer, ClaimAnswer::Completed));
        assert!(matches!(claim(Some(&done), &request(2, b"b"), NOW_MS).answer, ClaimAnswer::KeyConflict));
        assert!(matches!(
            complete(Some(&done), &lease, 0),
            Decision { write: None, answer: CompleteAnswer::Committed }
        ));
        assert!(release(Some(&done), &lease).write.is_none());
    }

    #[test]
    fn an_expired_row_is_free_although_it_is_still_there() {
        let (row, lease) = granted(1);
        let done = complete(Some(&row), &lease, NOW_MS / 1_000 + 100).write.expect("held");
        assert!(claim(Some(&done), &request(2, b"b"), NOW_MS + 200_000).write.is_some());
    }

    #[test]
    fn a_released_row_is_granted_to_others_but_not_to_a_late_copy_of_the_request() {
        let (row, lease) = granted(1);
        let released = release(Some(&row), &lease).write.expect("held");
        assert!(claim(Some(&released), &request(1, b"a"), NOW_MS).write.is_none());
        let next = claim(Some(&released), &request(2, b"a"), NOW_MS).write.expect("released");
        assert!(next.fence > row.fence);
        assert_eq!(next.attempts, 1);
    }
}
