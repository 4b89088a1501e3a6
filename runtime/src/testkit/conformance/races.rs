//! Requests at the same moment: a look at a row and the write that follows from it are one.

use futures_util::future::{join, join_all};

use super::subject::{Subject, claim, complete, granted, one, promise, release};
use crate::{
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, FailRequest, HeldAnswer, IdempotencyStore, Lease, MarkRequest,
        RenewAnswer, RenewRequest,
    },
    testkit::ManualClock,
};

/// How many attempts meet at one key.
const RIVALS: u128 = 8;

/// Over a network it is a matter of luck who meets whom: each race is run so often, by turns with the one or the other ahead.
const ROUNDS: usize = 6;

/// Runs both at the same moment. Whoever is ahead is asked first.
async fn race<A, B>(round: usize, one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    if round.is_multiple_of(2) {
        join(one, other).await
    } else {
        let (other, one) = join(other, one).await;
        (one, other)
    }
}

fn requests(subject: &Subject<'_>) -> Vec<ClaimRequest> {
    (0..RIVALS).map(|rival| subject.request(100 + rival, "a")).collect()
}

/// Claims by as many at the same moment; the lease of the one that is granted.
async fn granted_to_one(store: &dyn IdempotencyStore, subject: &Subject<'_>) -> Lease {
    let answers = join_all(requests(subject).into_iter().map(|request| claim(store, request))).await;
    let mut leases = answers.into_iter().filter_map(|answer| match answer {
        ClaimAnswer::Acquired(lease) => Some(lease),
        ClaimAnswer::InProgress { .. } | ClaimAnswer::Unavailable(_) | ClaimAnswer::Unknown(_) => None,
        other => panic!("a claim beside others got {other:?}"),
    });
    match (leases.next(), leases.count()) {
        (Some(lease), 0) => lease,
        (first, more) => panic!("of {RIVALS} claims at the same moment one is granted: got {first:?} and {more} more"),
    }
}

async fn holds(store: &dyn IdempotencyStore, subject: &Subject<'_>, lease: &Lease) {
    let answer = complete(store, subject.completion(lease)).await;
    promise!(answer, CompleteAnswer::Committed, "the lease that was granted among others holds");
}

/// A key that is free, and keys that are free again, go to one of those who claim them at the same moment.
pub async fn of_claims_at_the_same_moment_one_is_granted(store: &dyn IdempotencyStore, clock: &ManualClock) {
    for round in 0..ROUNDS {
        let subject = Subject::new(clock);
        if !round.is_multiple_of(3) {
            let lease = granted(store, subject.request(1, "a")).await;
            if round % 3 == 1 {
                subject.end_lease();
            } else {
                promise!(release(store, &lease).await, HeldAnswer::Written, "a held lease is released");
            }
        }
        let lease = granted_to_one(store, &subject).await;
        holds(store, &subject, &lease).await;
    }
}

/// Calls with the same keys at the same moment share them out: each key goes to one of them.
pub async fn of_calls_at_the_same_moment_one_is_granted_each_key(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subjects: Vec<_> = (0..RIVALS).map(|_| Subject::new(clock)).collect();
    let calls: Vec<Vec<_>> =
        (1..=3).map(|owner| subjects.iter().map(|subject| subject.request(owner, "a")).collect()).collect();
    let answers = join_all(calls.iter().map(|call| store.claim(call, None))).await;
    let granted = answers.into_iter().flatten().filter_map(|answer| match answer {
        ClaimAnswer::Acquired(lease) => Some(lease),
        _ => None,
    });
    let leases: Vec<_> = granted.collect();
    for subject in &subjects {
        match &leases.iter().filter(|lease| *lease.key() == subject.key).collect::<Vec<_>>()[..] {
            [lease] => holds(store, subject, lease).await,
            all => panic!("of calls at the same moment one is granted each key: got {all:?}"),
        }
    }
}

/// A lease that is over is completed or taken over, and never both.
pub async fn a_completion_and_a_takeover_at_the_same_moment_exclude_each_other(
    store: &dyn IdempotencyStore,
    clock: &ManualClock,
) {
    for round in 0..ROUNDS {
        let subject = Subject::new(clock);
        let lease = granted(store, subject.request(1, "a")).await;
        subject.end_lease();
        let completion = complete(store, subject.completion(&lease));
        match race(round, completion, claim(store, subject.request(2, "a"))).await {
            (CompleteAnswer::LeaseLost, ClaimAnswer::Acquired(winner)) => holds(store, &subject, &winner).await,
            (CompleteAnswer::Committed, ClaimAnswer::Completed { .. } | ClaimAnswer::InProgress { .. }) => {
                let answer = claim(store, subject.request(3, "a")).await;
                promise!(answer, ClaimAnswer::Completed { .. }, "a success beside a claim stays");
            }
            both => panic!("a lease that is over is completed or taken over: got {both:?}"),
        }
    }
}

/// What else the former holder writes while its lease is taken over takes nothing from the winner: a release, a cancellation, a
/// rejection.
pub async fn giving_up_at_the_moment_of_a_takeover_takes_nothing_from_the_winner(
    store: &dyn IdempotencyStore,
    clock: &ManualClock,
) {
    for round in 0..3 * ROUNDS {
        let subject = Subject::new(clock);
        let lease = granted(store, subject.request(1, "a")).await;
        subject.end_lease();
        let lease = std::slice::from_ref(&lease);
        let rejections: Vec<_> = lease.iter().map(|lease| FailRequest::new(lease.clone(), "7", "late")).collect();
        let given_up = match round % 3 {
            0 => store.release(lease, None),
            1 => store.cancel(lease, None),
            _ => store.fail(&rejections, None),
        };
        let (_, answer) = race(round / 3, given_up, claim(store, subject.request(2, "a"))).await;
        match answer {
            ClaimAnswer::Acquired(winner) => holds(store, &subject, &winner).await,
            other => panic!("a claim beside its former holder's last word got {other:?}"),
        }
    }
}

/// A lease that is over is renewed or taken over, and never both.
pub async fn a_renewal_and_a_takeover_at_the_same_moment_exclude_each_other(
    store: &dyn IdempotencyStore,
    clock: &ManualClock,
) {
    for round in 0..ROUNDS {
        let subject = Subject::new(clock);
        let lease = granted(store, subject.request(1, "a")).await;
        subject.end_lease();
        let request = subject.request(2, "a");
        let renewal = [RenewRequest::new(lease.clone(), request.lease_expires_at_ms)];
        let (renewed, claimed) = race(round, store.renew(&renewal, None), claim(store, request)).await;
        match (one(renewed), claimed) {
            (RenewAnswer::LeaseLost, ClaimAnswer::Acquired(winner)) => holds(store, &subject, &winner).await,
            (RenewAnswer::Held { .. }, ClaimAnswer::InProgress { .. }) => holds(store, &subject, &lease).await,
            both => panic!("a lease that is over is renewed or taken over: got {both:?}"),
        }
    }
}

/// One of several marks records the success.
pub async fn of_marks_at_the_same_moment_one_is_the_success(store: &dyn IdempotencyStore, clock: &ManualClock) {
    for _ in 0..ROUNDS {
        let subject = Subject::new(clock);
        let marks: Vec<_> = requests(&subject).into_iter().map(|request| [MarkRequest::new(request)]).collect();
        let answers = join_all(marks.iter().map(|mark| store.mark(mark, None))).await;
        let is_committed = |answer: &&CompleteAnswer| matches!(answer, CompleteAnswer::Committed);
        let answers: Vec<_> = answers.into_iter().map(one).collect();
        if answers.iter().filter(is_committed).count() != 1 {
            panic!("of {RIVALS} marks at the same moment one is the success: got {answers:?}");
        }
        let answer = claim(store, subject.request(1, "a")).await;
        promise!(answer, ClaimAnswer::Completed { .. }, "a mark among others is a success");
    }
}

/// A key is marked or claimed, and never both.
pub async fn a_mark_and_a_claim_at_the_same_moment_exclude_each_other(
    store: &dyn IdempotencyStore,
    clock: &ManualClock,
) {
    for round in 0..ROUNDS {
        let subject = Subject::new(clock);
        let mark = [MarkRequest::new(subject.request(1, "a"))];
        let (marked, claimed) = race(round, store.mark(&mark, None), claim(store, subject.request(2, "a"))).await;
        match (one(marked), claimed) {
            (CompleteAnswer::LeaseLost, ClaimAnswer::Acquired(winner)) => holds(store, &subject, &winner).await,
            (CompleteAnswer::Committed, ClaimAnswer::Completed { .. }) => {}
            both => panic!("a key is marked or claimed: got {both:?}"),
        }
    }
}

/// A rejection that is forgotten while a later version claims its key takes nothing from that.
pub async fn forgetting_at_the_moment_of_a_claim_takes_nothing_from_it(
    store: &dyn IdempotencyStore,
    clock: &ManualClock,
) {
    for round in 0..ROUNDS {
        let subject = Subject::new(clock);
        let lease = granted(store, subject.request(1, "a").version("7")).await;
        let rejected = store.fail(&[FailRequest::new(lease, "7", "declined")], None).await;
        promise!(one(rejected), HeldAnswer::Written, "a held lease is rejected");
        let request = subject.request(2, "a").version("8");
        let (_, answer) = race(round, store.forget(&subject.key), claim(store, request)).await;
        match answer {
            ClaimAnswer::Acquired(winner) => holds(store, &subject, &winner).await,
            other => panic!("a claim of another version got {other:?}"),
        }
    }
}
