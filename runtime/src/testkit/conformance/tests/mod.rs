//! The suite itself: the protocol keeps every promise, each slip breaks one, and each promise is broken by one.

mod slipped;
mod slips;

use std::{collections::BTreeSet, panic::AssertUnwindSafe};

use futures_util::{FutureExt, future::BoxFuture};

use self::slipped::{Slip, Slipped};
use super::PROMISES;
use crate::{claim::IdempotencyStore, testkit::ManualClock};

pub(super) type Promise = for<'a> fn(&'a dyn IdempotencyStore, &'a ManualClock) -> BoxFuture<'a, ()>;

/// The promises that a store with this slip breaks, each tried on a store of its own.
async fn broken_by(slip: Slip) -> Vec<&'static str> {
    let mut broken = Vec::new();
    for (name, promise) in PROMISES {
        let clock = ManualClock::new();
        let store = Slipped::new(clock.clone(), slip);
        if AssertUnwindSafe(promise(&store, &clock)).catch_unwind().await.is_err() {
            broken.push(*name);
        }
    }
    broken
}

#[tokio::test]
async fn without_a_slip_every_promise_is_kept() {
    assert_eq!(broken_by(Slip::default()).await, [""; 0]);
}

#[tokio::test]
async fn every_slip_breaks_a_promise_and_every_promise_is_broken_by_a_slip() {
    let (mut broken, mut unnoticed) = (BTreeSet::new(), Vec::new());
    for (name, slip) in slips::all() {
        let by_it = broken_by(slip).await;
        if by_it.is_empty() {
            unnoticed.push(name);
        }
        broken.extend(by_it);
    }
    let unbroken: Vec<_> = PROMISES.iter().map(|(name, _)| *name).filter(|name| !broken.contains(name)).collect();
    assert_eq!(
        (unnoticed, unbroken),
        (Vec::new(), Vec::new()),
        "slips that break nothing, promises that nothing breaks"
    );
}
