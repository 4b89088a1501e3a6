//! What becomes of claims whose statement was not done, or was not heard of: only the operation decides.

use std::time::Duration;

use sqs_runtime::{
    Clock as _,
    claim::{ClaimAnswer, ClaimRequest, IdempotencyKey, IdempotencyStore as _, Owner, PayloadHash},
    testkit::PausedClock,
};

use super::counting::Counted;

/// Claims of three messages.
fn claims() -> Vec<ClaimRequest> {
    let claim = |id: &str| {
        let key = IdempotencyKey::derive("tests", &[id.as_bytes()]);
        ClaimRequest::new(key, Owner::from_bits(1), u64::MAX / 2, u64::MAX / 4_000, PayloadHash::of(b"x"))
    };
    ["m-1", "m-2", "m-3"].map(claim).into()
}

/// It landed, and the operations are denied: a read finds each row, which is its own.
#[tokio::test]
async fn what_landed_unheard_is_found_where_the_operation_is_refused() {
    let counted = Counted::new().await;
    counted.lose("INSERT", 0, 1);
    counted.deny(&["UpdateItem"]);
    let answers = counted.store().claim(&claims(), None).await;
    assert!(answers.iter().all(|answer| matches!(answer, ClaimAnswer::Acquired(_))), "{answers:?}");
    assert_eq!(counted.take().read_units, 3);
}

/// Then nothing was written, and nobody looks for it.
#[tokio::test]
async fn what_was_refused_is_not_looked_for() {
    let counted = Counted::new().await;
    counted.deny(&["BatchExecuteStatement", "UpdateItem"]);
    let answers = counted.store().claim(&claims(), None).await;
    assert!(answers.iter().all(|answer| matches!(answer, ClaimAnswer::Unavailable(_))), "{answers:?}");
    assert_eq!(counted.take().read_units, 0);
}

/// It has a quarter of the time, and two seconds at most: the rest is the operations'.
#[tokio::test]
async fn a_request_that_is_not_answered_is_not_waited_for_long() {
    for (left, most) in [(4, 1), (40, 2)] {
        let counted = Counted::new().await;
        counted.hang("INSERT");
        counted.deny(&["UpdateItem", "GetItem"]);
        tokio::time::pause();
        let clock = PausedClock::new();
        let answers = counted.store().claim(&claims(), Some(Duration::from_secs(left))).await;
        let took = clock.monotonic();
        tokio::time::resume();
        assert!(answers.iter().all(|answer| matches!(answer, ClaimAnswer::Unknown(_))), "{answers:?}");
        assert_eq!(took.as_secs(), most);
    }
}
