//! The fencing token: it tells two grants of one owner apart.

use super::subject::{LEASE, Subject, complete, granted, millis, one, promise, release};
use crate::{
    claim::{CompleteAnswer, FailRequest, HeldAnswer, IdempotencyStore, RenewAnswer, RenewRequest},
    testkit::ManualClock,
};

/// A copy of a claim that comes after its lease is over is a grant of its own: whoever has the older one holds nothing.
pub async fn the_older_of_two_grants_of_an_owner_holds_nothing(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let older = granted(store, subject.request(1, "a")).await;
    subject.end_lease();
    let newer = granted(store, subject.request(1, "a")).await;
    promise!(release(store, &older).await, HeldAnswer::LeaseLost, "the older grant releases nothing");
    let failed = store.fail(&[FailRequest::new(older.clone(), "1", "late")], None).await;
    promise!(one(failed), HeldAnswer::LeaseLost, "the older grant rejects nothing");
    let renewal = RenewRequest::new(older.clone(), newer.expires_at_ms() + millis(LEASE));
    promise!(one(store.renew(&[renewal], None).await), RenewAnswer::LeaseLost, "the older grant renews nothing");
    let answer = complete(store, subject.completion(&older)).await;
    promise!(answer, CompleteAnswer::LeaseLost, "the older grant completes nothing");
    promise!(complete(store, subject.completion(&newer)).await, CompleteAnswer::Committed, "the newer one holds");
}
