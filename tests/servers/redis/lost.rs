//! Requests without an answer: what landed is found again, and where nothing is known nothing runs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::FutureExt as _;
use redis::{Client, aio::ConnectionManagerConfig};
use sqs_runtime::{
    Clock, Consumer, Idempotency, SystemClock,
    claim::{
        ClaimAnswer, CompleteAnswer, HeldAnswer, IdempotencyStore, MarkRequest, ReadAnswer, RowStatus, StoredResult,
        redis::RedisStore,
    },
    run::Pipeline,
    testkit::ManualClock,
};

use super::{
    complete, completion, granted, key, one, request, server,
    wire::{Fault, Silent, Wire},
};

const STANDARD: &str = include_str!("../../fixtures/standard.json");

#[tokio::test]
async fn redis_finds_a_claim_whose_reply_was_lost() {
    let ((_server, connection), clock) = (server().await, ManualClock::new());
    let wire = Wire::new(connection);
    let store = RedisStore::new(wire.clone()).clock(clock.clone());
    granted(&store, request(&clock, "first", 1)).await;
    wire.fail(1, Fault::Reply);
    let lease = granted(&store, request(&clock, "m-1", 1)).await;
    assert!(matches!(complete(&store, completion(&clock, &lease)).await, CompleteAnswer::Committed));

    granted(&store, request(&clock, "held", 1)).await;
    wire.fail(1, Fault::Reply);
    let others = one(store.claim(&[request(&clock, "held", 2)], None).await);
    assert!(matches!(others, ClaimAnswer::Unknown(_)), "another's claim says nothing of ours: {others:?}");
    wire.fail(1, Fault::Reply);
    let done = one(store.claim(&[request(&clock, "m-1", 2)], None).await);
    assert!(matches!(done, ClaimAnswer::Completed { .. }), "{done:?}");
}

#[tokio::test]
async fn redis_finds_a_completion_whose_replies_were_lost() {
    let ((_server, connection), clock) = (server().await, ManualClock::new());
    let wire = Wire::new(connection);
    let store = RedisStore::new(wire.clone()).clock(clock.clone());
    // One reply: sent again. Three: read. All four: unknown, and yet it is done.
    for (lost, is_known) in [(1, true), (3, true), (4, false)] {
        let name = format!("m-{lost}");
        let lease = granted(&store, request(&clock, &name, 1)).await;
        wire.fail(lost, Fault::Reply);
        let answer = complete(&store, completion(&clock, &lease).result(StoredResult::Kept("1".into()))).await;
        match (answer, is_known) {
            (CompleteAnswer::Committed, true) | (CompleteAnswer::Unknown(_), false) => {}
            (other, _) => panic!("{lost} lost: {other:?}"),
        }
        let ReadAnswer::Row(row) = one(store.read(&[key(&name)], None).await) else { panic!("there is a row") };
        assert!(matches!(row.status, RowStatus::Completed { result } if result.json() == Some("1")));
    }
}

#[tokio::test]
async fn redis_finds_a_mark_whose_reply_was_lost() {
    let ((_server, connection), clock) = (server().await, ManualClock::new());
    let wire = Wire::new(connection);
    let store = RedisStore::new(wire.clone()).clock(clock.clone());
    wire.fail(1, Fault::Reply);
    // The first request only loads the script, so its mark is sent after it was lost.
    let unwritten = one(store.mark(&[MarkRequest::new(request(&clock, "m-0", 1))], None).await);
    assert!(matches!(unwritten, CompleteAnswer::Unknown(_)), "{unwritten:?}");
    let first = one(store.mark(&[MarkRequest::new(request(&clock, "m-1", 1))], None).await);
    assert!(matches!(first, CompleteAnswer::Committed), "{first:?}");
    wire.fail(1, Fault::Reply);
    let marked = one(store.mark(&[MarkRequest::new(request(&clock, "m-2", 1))], None).await);
    assert!(matches!(marked, CompleteAnswer::Committed), "{marked:?}");
}

/// A completion that did not arrive may still be on its way as far as we know: no answer says that the lease is lost.
#[tokio::test]
async fn redis_says_nothing_of_a_completion_while_the_row_is_held() {
    let ((_server, connection), clock) = (server().await, ManualClock::new());
    let wire = Wire::new(connection);
    let store = RedisStore::new(wire.clone()).clock(clock.clone());
    let lease = granted(&store, request(&clock, "m-1", 1)).await;
    wire.fail(3, Fault::Request);
    let answer = complete(&store, completion(&clock, &lease)).await;
    assert!(matches!(answer, CompleteAnswer::Unknown(_)), "{answer:?}");
    assert!(matches!(complete(&store, completion(&clock, &lease)).await, CompleteAnswer::Committed));
}

/// A claim without an answer leaves time to ask what became of it.
#[tokio::test]
async fn redis_finds_a_claim_whose_reply_does_not_come() {
    let ((_server, connection), clock) = (server().await, ManualClock::new());
    let wire = Wire::new(connection);
    let store = RedisStore::new(wire.clone()).clock(clock.clone());
    granted(&store, request(&clock, "first", 1)).await;
    wire.fail(1, Fault::Silence);
    let half = async {
        while !wire.is_whole() {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(5));
        SystemClock::new().sleep(Duration::from_secs(30)).await;
    };
    let claim = granted(&store, request(&clock, "m-1", 1));
    let lease = tokio::select! { lease = claim => lease, () = half => panic!("half of the time was over") };
    assert!(matches!(complete(&store, completion(&clock, &lease)).await, CompleteAnswer::Committed));
}

/// A server that hangs: each operation ends within its time, as unknown.
#[tokio::test]
async fn redis_that_is_silent_is_not_waited_for_longer_than_there_is_time() {
    let clock = ManualClock::new();
    let store = RedisStore::new(Silent).clock(clock.clone());
    let (_server, connection) = server().await;
    let lease = granted(&RedisStore::new(connection).clock(clock.clone()), request(&clock, "m-1", 1)).await;
    for (time_left, most) in [(Some(2), 2), (None, 10), (Some(60), 10)] {
        let started = clock.monotonic();
        let time_left = time_left.map(Duration::from_secs);
        let (claims, completions) = ([request(&clock, "m-1", 1)], [completion(&clock, &lease)]);
        let leases = [lease.clone()];
        let asking = async {
            let claimed = one(store.claim(&claims, time_left).await);
            assert!(matches!(claimed, ClaimAnswer::Unknown(_)), "{claimed:?}");
            let claimed_at = clock.monotonic();
            let completed = one(store.complete(&completions, time_left).await);
            assert!(matches!(completed, CompleteAnswer::Unknown(_)), "{completed:?}");
            let completed_at = clock.monotonic();
            let released = one(store.release(&leases, time_left).await);
            assert!(matches!(released, HeldAnswer::Unknown(_)), "{released:?}");
            [claimed_at - started, completed_at - claimed_at, clock.monotonic() - completed_at]
        };
        let moving = async {
            loop {
                clock.advance(Duration::from_millis(100));
                tokio::task::yield_now().await;
            }
        };
        let took = tokio::select! { biased; took = asking => took, () = moving => panic!("it goes on") };
        // A step of the clock for each request.
        let most = Duration::from_secs(most) + Duration::from_millis(500);
        assert!(took.iter().all(|took| *took <= most && *took >= Duration::from_secs(1)), "{time_left:?}: {took:?}");
    }
}

/// A server that is gone: nothing runs, and every message comes back.
#[tokio::test]
async fn redis_that_is_gone_runs_nothing() {
    let (server, _connection) = server().await;
    let client = Client::open(server.endpoint.as_str()).expect("an address");
    let config = ConnectionManagerConfig::new().set_number_of_retries(1).set_max_delay(Duration::from_millis(1));
    let manager = client.get_connection_manager_with_config(config).await.expect("it answers");
    let store = Arc::new(RedisStore::new(manager));
    store.probe().await.expect("a server");
    drop(server);
    let clock = ManualClock::new();
    for _ in 0..3 {
        let claimed = one(store.claim(&[request(&clock, "m-1", 1)], Some(Duration::from_secs(5))).await);
        assert!(matches!(claimed, ClaimAnswer::Unavailable(_) | ClaimAnswer::Unknown(_)), "{claimed:?}");
    }
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let handler = move || std::future::ready(counted.fetch_add(1, SeqCst)).map(drop);
    let pipeline = Pipeline::for_tests(Consumer::new(handler).idempotency(Idempotency::new(store)));
    let report = pipeline.run_event(STANDARD, pipeline.invocation(None)).await.expect("an SQS event");
    assert_eq!(runs.load(SeqCst), 0);
    let response = report.response().expect("every failure has a name");
    assert!(report.records().count() > 0);
    assert_eq!(response.item_identifiers().count(), report.records().count());
}
