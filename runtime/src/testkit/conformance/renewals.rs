//! Renewals.

use super::subject::{LEASE, Subject, claim, granted, millis, one, promise};
use crate::{
    claim::{ClaimAnswer, IdempotencyStore, RenewAnswer, RenewRequest},
    clock::{Clock, epoch_ms},
    testkit::ManualClock,
};

/// A renewal moves the end forward; a late one does not move it back.
pub async fn a_renewal_moves_the_end_and_never_back(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    let later = lease.expires_at_ms() + millis(LEASE);
    let renew = async |until_ms| one(store.renew(&[RenewRequest::new(lease.clone(), until_ms)], None).await);
    promise!(renew(later).await, RenewAnswer::Held { lease_expires_at_ms } if lease_expires_at_ms == later,
        "a held lease is renewed");
    promise!(renew(later - 1).await, RenewAnswer::Held { lease_expires_at_ms } if lease_expires_at_ms == later,
        "a late renewal shortens nothing, and the lease is held");
    subject.end_lease();
    let answer = claim(store, subject.request(2, "a")).await;
    promise!(answer, ClaimAnswer::InProgress { lease_expires_at_ms } if lease_expires_at_ms == later,
        "a renewed lease is not taken over");
}

/// Whoever lost its lease hears so.
pub async fn a_renewal_after_a_takeover_is_refused(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let loser = granted(store, subject.request(1, "a")).await;
    subject.end_lease();
    granted(store, subject.request(2, "a")).await;
    let renewal = RenewRequest::new(loser, epoch_ms(clock.wall()) + millis(LEASE));
    promise!(one(store.renew(&[renewal], None).await), RenewAnswer::LeaseLost, "a lost lease is not renewed");
}
