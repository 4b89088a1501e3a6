//! A row that is not one of ours is never written over, whatever is odd about it.

use std::collections::BTreeMap;

use redis::aio::MultiplexedConnection;
use sqs_runtime::{
    claim::{
        ClaimAnswer, CompleteAnswer, FailRequest, HeldAnswer, IdempotencyStore, Lease, MarkRequest, ReadAnswer,
        RenewAnswer, RenewRequest, redis::RedisStore,
    },
    testkit::ManualClock,
};

use super::{RETENTION, ask, complete, completion, granted, key, one, request, server, stored_at};

type Row = BTreeMap<String, String>;

/// A field that is missing.
const GONE: &str = "(gone)";

/// What can be odd about one field.
const ODD: &[(&str, &[&str])] = &[
    ("v", &[GONE, "", "0", "2", "1.0"]),
    ("status", &[GONE, "", "EXPIRED", "completed"]),
    ("owner", &[GONE, "", "1", "zz000000000000000000000000000001", "000000000000000000000000000000001"]),
    ("fence", &[GONE, "", "-1", "1.5", "1e3", "0x10", " 1", "soon", "1000000000000000"]),
    ("since", &[GONE, "", "-1", "soon"]),
    ("attempts", &[GONE, "", "-1", "4294967296"]),
    ("expiration", &[GONE, "", "-1", "1e3", "soon", "1000000000000000"]),
    ("validation", &[GONE, "", "short", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", "====="]),
    ("omitted", &["0", "", "true"]),
];

async fn put(connection: &mut MultiplexedConnection, name: &str, row: &Row) {
    let key = stored_at(name);
    let _: i64 = ask(connection, &["DEL", &key]).await;
    let fields = row.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    let command: Vec<_> = ["HSET", &key].into_iter().chain(fields).collect();
    let _: i64 = ask(connection, &command).await;
}

/// Whatever the store does with the key, it says that it does not understand it, and writes nothing.
async fn is_refused(store: &dyn IdempotencyStore, clock: &ManualClock, lease: &Lease, what: &str) {
    let asked = request(clock, "m-1", 9).version("8");
    let claimed = one(store.claim(std::slice::from_ref(&asked), None).await);
    assert!(matches!(claimed, ClaimAnswer::Corrupt), "{what}: {claimed:?}");
    let read = one(store.read(&[key("m-1")], None).await);
    assert!(matches!(read, ReadAnswer::Corrupt), "{what}: {read:?}");
    let marked = one(store.mark(&[MarkRequest::new(asked)], None).await);
    assert!(matches!(marked, CompleteAnswer::LeaseLost), "{what}: {marked:?}");
    let completed = complete(store, completion(clock, lease)).await;
    assert!(matches!(completed, CompleteAnswer::LeaseLost), "{what}: {completed:?}");
    let released = one(store.release(std::slice::from_ref(lease), None).await);
    assert!(matches!(released, HeldAnswer::LeaseLost), "{what}: {released:?}");
    let failed = one(store.fail(&[FailRequest::new(lease.clone(), "7", "late")], None).await);
    assert!(matches!(failed, HeldAnswer::LeaseLost), "{what}: {failed:?}");
    let renewed = one(store.renew(&[RenewRequest::new(lease.clone(), u64::MAX)], None).await);
    assert!(matches!(renewed, RenewAnswer::LeaseLost), "{what}: {renewed:?}");
    assert!(!store.forget(&key("m-1")).await.expect("an answer"), "{what}");
}

/// A row in progress whose lease and retention are over, and its lease.
async fn row_and_lease(
    store: &dyn IdempotencyStore,
    clock: &ManualClock,
    at: &mut MultiplexedConnection,
) -> (Row, Lease) {
    let lease = granted(store, request(clock, "m-1", 1).version("7")).await;
    clock.advance(RETENTION * 2);
    (ask(at, &["HGETALL", &stored_at("m-1")]).await, lease)
}

#[tokio::test]
async fn redis_never_writes_over_an_odd_row() {
    let ((_server, mut connection), clock) = (server().await, ManualClock::new());
    let store = RedisStore::new(connection.clone()).clock(clock.clone());
    let (row, lease) = row_and_lease(&store, &clock, &mut connection).await;
    let odd = ODD.iter().flat_map(|(field, values)| values.iter().map(move |value| (*field, *value)));
    // Each in every state: in each another write would be let through by a row of ours.
    for status in ["INPROGRESS", "RELEASED", "FAILED", "COMPLETED"] {
        let row = Row::from_iter(row.clone().into_iter().chain([("status".into(), status.into())]));
        for (field, value) in odd.clone() {
            let mut row = row.clone();
            if value == GONE {
                row.remove(field)
            } else {
                row.insert(field.into(), value.into())
            };
            put(&mut connection, "m-1", &row).await;
            is_refused(&store, &clock, &lease, &format!("{status} with {field} = {value:?}")).await;
            let after: Row = ask(&mut connection, &["HGETALL", &stored_at("m-1")]).await;
            assert_eq!(after, row, "{status} with {field} = {value:?}");
        }
    }
}

#[tokio::test]
async fn redis_never_writes_over_a_row_that_contradicts_itself() {
    let ((_server, mut connection), clock) = (server().await, ManualClock::new());
    let store = RedisStore::new(connection.clone()).clock(clock.clone());
    let (row, lease) = row_and_lease(&store, &clock, &mut connection).await;
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let odd: [(_, Row); 4] = [
        ("no end of its lease", row.clone().into_iter().filter(|(name, _)| name != "in_progress_expiration").collect()),
        ("an odd end of its lease", row.clone().into_iter().chain([set("in_progress_expiration", "soon")]).collect()),
        ("a result and none", row.clone().into_iter().chain([set("data", "1"), set("omitted", "1")]).collect()),
        ("nothing of ours", [set("hello", "world")].into_iter().collect()),
    ];
    for (what, row) in odd {
        put(&mut connection, "m-1", &row).await;
        is_refused(&store, &clock, &lease, what).await;
        assert_eq!(ask::<Row>(&mut connection, &["HGETALL", &stored_at("m-1")]).await, row, "{what}");
    }
}

#[tokio::test]
async fn redis_never_writes_over_a_key_that_is_no_row() {
    let ((_server, mut connection), clock) = (server().await, ManualClock::new());
    let store = RedisStore::new(connection.clone()).clock(clock.clone());
    let (_, lease) = row_and_lease(&store, &clock, &mut connection).await;
    let key = stored_at("m-1");
    for put in [["SET", &key, "1"].as_slice(), &["RPUSH", &key, "1"], &["SADD", &key, "1"], &["ZADD", &key, "1", "1"]] {
        let _: i64 = ask(&mut connection, &["DEL", &key]).await;
        let _: redis::Value = ask(&mut connection, put).await;
        let before: Vec<u8> = ask(&mut connection, &["DUMP", &key]).await;
        is_refused(&store, &clock, &lease, put[0]).await;
        assert_eq!(ask::<Vec<u8>>(&mut connection, &["DUMP", &key]).await, before, "{put:?}");
    }
}
