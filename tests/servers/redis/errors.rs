//! A server that refuses to write: the claim is unavailable, says why, and nothing is written.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use redis::{Client, aio::MultiplexedConnection};
use sqs_runtime::{
    claim::{ClaimAnswer, IdempotencyStore, redis::RedisStore},
    testkit::ManualClock,
};

use super::{ask, granted, one, request, server, stored_at};

/// Refuses with this code, and grants once that is over.
async fn is_unavailable(undo: &[&str], make: &[&str], code: &str) {
    let ((_server, mut connection), clock) = (server().await, ManualClock::new());
    let store = RedisStore::new(connection.clone()).clock(clock.clone());
    granted(&store, request(&clock, "first", 1)).await;
    let _: String = ask(&mut connection, make).await;
    says(&store, &clock, code).await;
    let error = store.probe().await.expect_err("a probe fails as well").to_string();
    assert!(error.starts_with(code), "{error}");
    assert_eq!(ask::<i64>(&mut connection, &["EXISTS", &stored_at("m-1")]).await, 0, "{code}: nothing was written");
    let _: String = ask(&mut connection, undo).await;
    store.probe().await.expect("the server writes again");
    granted(&store, request(&clock, "m-1", 1)).await;
}

async fn says(store: &RedisStore<MultiplexedConnection>, clock: &ManualClock, code: &str) {
    match one(store.claim(&[request(clock, "m-1", 1)], None).await) {
        ClaimAnswer::Unavailable(error) => {
            let error = error.to_string();
            assert!(error.starts_with(code) && !error.contains("idempotency:"), "{error}");
        }
        other => panic!("{code}: {other:?}"),
    }
}

#[tokio::test]
async fn redis_that_became_a_replica_writes_nothing() {
    is_unavailable(&["REPLICAOF", "NO", "ONE"], &["REPLICAOF", "127.0.0.1", "1"], "READONLY").await;
}

#[tokio::test]
async fn redis_without_memory_writes_nothing() {
    let full = ["CONFIG", "SET", "maxmemory", "1"];
    is_unavailable(&["CONFIG", "SET", "maxmemory", "0"], &full, "OOM").await;
}

#[tokio::test]
async fn redis_without_its_replicas_writes_nothing() {
    let alone = ["CONFIG", "SET", "min-replicas-to-write", "1"];
    is_unavailable(&["CONFIG", "SET", "min-replicas-to-write", "0"], &alone, "NOREPLICAS").await;
}

#[tokio::test]
async fn redis_names_what_a_user_may_not_do() {
    let ((server, mut connection), clock) = (server().await, ManualClock::new());
    let rules = ["ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@read"];
    let _: String = ask(&mut connection, &rules).await;
    let address = server.endpoint.replace("redis://", "redis://reader:secret@");
    let client = Client::open(address).expect("an address");
    let reader = client.get_multiplexed_async_connection().await.expect("a user");
    let store = RedisStore::new(reader).clock(clock.clone());
    says(&store, &clock, "NOPERM").await;
    assert!(store.probe().await.is_err_and(|error| error.to_string().contains("hset")));

    // What the error names is enough.
    let rules = ["ACL", "SETUSER", "reader", "resetkeys", "~idempotency:*", "-@all"];
    let may = ["+evalsha", "+script|load", "+hgetall", "+hset", "+hdel", "+pexpire"];
    let _: String = ask(&mut connection, &[rules.as_slice(), &may].concat()).await;
    store.probe().await.expect("enough");
    granted(&store, request(&clock, "m-1", 1)).await;
}

#[tokio::test]
async fn redis_that_wants_a_password_says_so() {
    let ((server, mut connection), clock) = (server().await, ManualClock::new());
    let _: String = ask(&mut connection, &["CONFIG", "SET", "requirepass", "secret"]).await;
    let client = Client::open(server.endpoint.as_str()).expect("an address");
    let stranger = client.get_multiplexed_async_connection().await.expect("it answers");
    says(&RedisStore::new(stranger).clock(clock.clone()), &clock, "NOAUTH").await;
}

/// Counts what is said at the level of a warning.
#[derive(Clone, Default)]
struct Warnings(Arc<AtomicUsize>);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, SeqCst);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn redis_that_evicts_is_warned_of_and_a_probe_leaves_nothing_behind() {
    let (_server, mut connection) = server().await;
    let store = RedisStore::new(connection.clone());
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(warnings.clone());
    for (policy, said) in [("noeviction", 0), ("volatile-lru", 1), ("allkeys-lfu", 2)] {
        let _: String = ask(&mut connection, &["CONFIG", "SET", "maxmemory-policy", policy]).await;
        store.probe().await.expect("a server");
        assert_eq!(warnings.0.load(SeqCst), said, "{policy}");
    }
    assert_eq!(ask::<i64>(&mut connection, &["DBSIZE"]).await, 0);
}
