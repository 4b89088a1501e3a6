//! The store in Redis, against a server of its own for each test.

mod against_memory;
mod corrupt;
mod errors;
mod lost;
mod wire;

use std::time::Duration;

use redis::{
    Client,
    aio::{ConnectionLike, ConnectionManager, MultiplexedConnection},
    cmd,
};
use sqs_runtime::{
    Clock,
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, HeldAnswer, IdempotencyKey, IdempotencyStore,
        Lease, Owner, PayloadHash, redis::RedisStore,
    },
    testkit::{ManualClock, conformance},
};

use self::wire::Wire;
use crate::server::Server;

const LEASE: Duration = Duration::from_secs(30);
const RETENTION: Duration = Duration::from_secs(1_000);

/// A server and a connection to it.
async fn server() -> (Server, MultiplexedConnection) {
    let server = Server::redis();
    let client = Client::open(server.endpoint.as_str()).expect("an address");
    server.ready(|| client.get_multiplexed_async_connection()).await;
    let connection = client.get_multiplexed_async_connection().await.expect("it answers");
    (server, connection)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).expect("short")
}

fn now_ms(clock: &ManualClock) -> u64 {
    millis(clock.wall().duration_since(std::time::UNIX_EPOCH).expect("after 1970"))
}

fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey::derive("orders", &[name.as_bytes()])
}

/// Where the store keeps a key.
fn stored_at(name: &str) -> String {
    format!("idempotency:{}", key(name))
}

fn request(clock: &ManualClock, name: &str, owner: u128) -> ClaimRequest {
    let (now_ms, hash) = (now_ms(clock), PayloadHash::of(b"a"));
    let retention_s = now_ms / 1_000 + RETENTION.as_secs();
    ClaimRequest::new(key(name), Owner::from_bits(owner), now_ms + millis(LEASE), retention_s, hash)
}

fn completion(clock: &ManualClock, lease: &Lease) -> CompleteRequest {
    CompleteRequest::new(lease.clone(), now_ms(clock) / 1_000 + RETENTION.as_secs())
}

/// The one answer of a call with one element.
fn one<A>(answers: Vec<A>) -> A {
    let mut answers = answers.into_iter();
    match (answers.next(), answers.next()) {
        (Some(answer), None) => answer,
        _ => panic!("one element has one answer"),
    }
}

async fn granted(store: &dyn IdempotencyStore, request: ClaimRequest) -> Lease {
    match one(store.claim(&[request], None).await) {
        ClaimAnswer::Acquired(lease) => lease,
        other => panic!("a free key was refused: {other:?}"),
    }
}

async fn complete(store: &dyn IdempotencyStore, completion: CompleteRequest) -> CompleteAnswer {
    one(store.complete(&[completion], None).await)
}

/// What the server says to one command.
async fn ask<T: redis::FromRedisValue>(connection: &mut impl ConnectionLike, command: &[&str]) -> T {
    let (name, arguments) = command.split_first().expect("a command");
    cmd(name).arg(arguments).query_async(connection).await.unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

#[tokio::test]
async fn redis_keeps_every_promise() {
    let ((_server, connection), clock) = (server().await, ManualClock::new());
    conformance::all(&RedisStore::new(connection).clock(clock.clone()), &clock).await;
}

/// RESP3 answers a read as a map, and a connection that comes back is another type.
#[tokio::test]
async fn redis_keeps_every_promise_over_resp3_with_another_prefix() {
    let ((server, mut connection), clock) = (server().await, ManualClock::new());
    let client = Client::open(format!("{}/?protocol=resp3", server.endpoint)).expect("an address");
    let manager: ConnectionManager = client.get_connection_manager().await.expect("it answers");
    conformance::all(&RedisStore::new(manager).prefix("shop:").clock(clock.clone()), &clock).await;
    let keys: Vec<String> = ask(&mut connection, &["KEYS", "*"]).await;
    assert!(!keys.is_empty() && keys.iter().all(|key| key.starts_with("shop:")), "{keys:?}");
}

#[tokio::test]
async fn redis_grants_a_key_to_one_of_many() {
    let ((server, _connection), clock) = (server().await, ManualClock::new());
    let client = Client::open(server.endpoint.as_str()).expect("an address");
    let claims = (0..32).map(async |owner| {
        let connection = client.get_multiplexed_async_connection().await.expect("it answers");
        let store = RedisStore::new(connection).clock(clock.clone());
        one(store.claim(&[request(&clock, "raced", owner)], None).await)
    });
    let answers = futures_util::future::join_all(claims).await;
    let won = answers.iter().filter(|answer| matches!(answer, ClaimAnswer::Acquired(_))).count();
    let lost = answers.iter().filter(|answer| matches!(answer, ClaimAnswer::InProgress { .. })).count();
    assert_eq!((won, lost), (1, 31), "{answers:?}");
}

/// A row deletes itself, after its retention and never before. It is the server's time that runs.
#[tokio::test]
async fn redis_deletes_a_row_after_its_retention_by_itself() {
    let ((_server, mut connection), clock) = (server().await, ManualClock::new());
    let store = RedisStore::new(connection.clone()).clock(clock.clone());
    let hour = Duration::from_secs(3_600);
    let kept_for = async |connection: &mut MultiplexedConnection, retention| {
        let left: i64 = ask(connection, &["PTTL", &stored_at("m-1")]).await;
        let (least, most) = (millis(retention), millis(retention + hour));
        assert!(u64::try_from(left).is_ok_and(|left| (least..=most).contains(&left)), "{left} of {retention:?}");
    };
    let lease = granted(&store, request(&clock, "m-1", 1)).await;
    kept_for(&mut connection, RETENTION).await;
    assert!(matches!(one(store.release(&[lease], None).await), HeldAnswer::Written));
    kept_for(&mut connection, RETENTION).await;

    let lease = granted(&store, request(&clock, "m-1", 2)).await;
    let long = RETENTION * 50;
    let completion = CompleteRequest::new(lease, now_ms(&clock) / 1_000 + long.as_secs());
    assert!(matches!(complete(&store, completion).await, CompleteAnswer::Committed));
    kept_for(&mut connection, long).await;
}

/// A retention that is over by the store's clock is still kept for the margin; one without an end is taken.
#[tokio::test]
async fn redis_takes_retentions_that_are_over_or_never_are() {
    let ((_server, mut connection), clock) = (server().await, ManualClock::new());
    let store = RedisStore::new(connection.clone()).clock(clock.clone());
    for (name, expires_at_s) in [("over", 0), ("endless", u64::MAX)] {
        let mut request = request(&clock, name, 1);
        (request.expires_at_s, request.lease_expires_at_ms) = (expires_at_s, u64::MAX);
        let lease = granted(&store, request).await;
        let left: i64 = ask(&mut connection, &["PTTL", &stored_at(name)]).await;
        assert!(left > 0, "{name}: {left}");
        assert!(matches!(complete(&store, completion(&clock, &lease)).await, CompleteAnswer::Committed), "{name}");
    }
}

/// A server that forgot the row, as after a fail-over, grants the key again, at the same moment even with the same fencing
/// token. Then the owner says whose it is.
#[tokio::test]
async fn redis_that_forgot_a_claim_does_not_take_its_completion_for_the_next_ones() {
    let ((_server, mut connection), clock) = (server().await, ManualClock::new());
    let store = RedisStore::new(connection.clone()).clock(clock.clone());
    let forgotten = granted(&store, request(&clock, "m-1", 1)).await;
    let _: i64 = ask(&mut connection, &["DEL", &stored_at("m-1")]).await;
    assert!(matches!(complete(&store, completion(&clock, &forgotten)).await, CompleteAnswer::LeaseLost));
    let lease = granted(&store, request(&clock, "m-1", 2)).await;
    assert_eq!(lease.fencing_token(), forgotten.fencing_token());
    assert!(matches!(complete(&store, completion(&clock, &forgotten)).await, CompleteAnswer::LeaseLost));
    assert!(matches!(complete(&store, completion(&clock, &lease)).await, CompleteAnswer::Committed));
}

/// Once the server knows the scripts, a claim and a completion are one request each, also beside others.
#[tokio::test]
async fn redis_is_asked_once_for_a_claim_and_once_for_a_completion() {
    let ((_server, connection), clock) = (server().await, ManualClock::new());
    let wire = Wire::new(connection);
    let store = RedisStore::new(wire.clone()).clock(clock.clone());
    let first = granted(&store, request(&clock, "first", 1)).await;
    assert!(matches!(complete(&store, completion(&clock, &first)).await, CompleteAnswer::Committed));

    let before = wire.sent();
    let lease = granted(&store, request(&clock, "m-1", 1)).await;
    assert_eq!(wire.sent() - before, 1, "a claim");
    assert!(matches!(complete(&store, completion(&clock, &lease)).await, CompleteAnswer::Committed));
    assert_eq!(wire.sent() - before, 2, "a completion");
    let claims: Vec<_> = (0..5).map(|n| request(&clock, &format!("of-five-{n}"), 1)).collect();
    assert_eq!(store.claim(&claims, None).await.len(), 5);
    assert_eq!((wire.sent() - before, wire.most_at_once()), (7, 5), "five claims travel together");
}
