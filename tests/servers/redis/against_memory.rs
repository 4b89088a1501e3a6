//! The scripts and the reference do the same, step by step, over long random histories.

use std::time::Duration;

use sqs_runtime::{
    claim::{
        ClaimAnswer, ClaimRequest, CompleteRequest, FailRequest, IdempotencyStore, Lease, MarkRequest, MemoryStore,
        PayloadHash, RenewRequest, StoredResult, redis::RedisStore,
    },
    testkit::{ManualClock, Seeded},
};

use super::{key, now_ms, one, request, server};

const STEPS: u32 = 3_000;

/// One history: two stores, one clock, and the leases that were ever granted.
struct History {
    chance: Seeded,
    clock: ManualClock,
    stores: [Box<dyn IdempotencyStore>; 2],
    leases: Vec<Lease>,
    owners: u128,
}

impl History {
    fn draw(&self, below: u8) -> u8 {
        u8::try_from(self.chance.below(below.into())).unwrap_or_default()
    }

    fn name(&self) -> String {
        format!("m-{}", self.draw(3))
    }

    /// Mostly a new owner, at times one that was there before: a late copy of its request.
    fn claim(&mut self) -> ClaimRequest {
        self.owners += 1;
        let owner = if self.draw(4) == 0 { self.owners.saturating_sub(self.draw(8).into()) } else { self.owners };
        let mut request = request(&self.clock, &self.name(), owner);
        request.payload_hash = PayloadHash::of(&[self.draw(2)]);
        match self.draw(3) {
            0 => request,
            version => request.version(version.to_string()),
        }
    }

    fn result(&self) -> StoredResult {
        match self.draw(3) {
            0 => StoredResult::Nothing,
            1 => StoredResult::Omitted,
            _ => StoredResult::Kept(format!("\"é{}\"", self.draw(9)).into()),
        }
    }

    /// One of the latest leases; an old one is somebody who lost it.
    fn lease(&self) -> Option<Lease> {
        let back = usize::from(self.draw(6)) + 1;
        self.leases.len().checked_sub(back).and_then(|at| self.leases.get(at)).cloned()
    }

    fn move_clock(&self) {
        let moves = [0, 1, 500, 1_000, 29_000, 30_001, 31_001, 990_000, 1_001_000];
        let ms = moves.get(usize::from(self.draw(60))).copied().unwrap_or(7);
        self.clock.advance(Duration::from_millis(ms));
    }

    /// Does the same in both stores and compares what they say, and then what they store.
    async fn step(&mut self, step: u32) {
        self.move_clock();
        let lease = self.lease();
        let (said, what) = match (self.draw(10), lease) {
            (0..=3, _) | (_, None) => self.claim_in_both().await,
            (4, _) => self.mark().await,
            (5, Some(lease)) => self.complete(lease).await,
            (6, Some(lease)) => {
                self.both("release", async |store| one(store.release(std::slice::from_ref(&lease), None).await)).await
            }
            (7, Some(lease)) => self.fail(lease).await,
            (8, Some(lease)) => self.renew(lease).await,
            (_, Some(lease)) => self.both("forget", async |store| store.forget(&lease.key().clone()).await).await,
        };
        let [memory, redis] = said;
        assert_eq!(memory, redis, "step {step}: {what}");
        let keys = [key("m-0"), key("m-1"), key("m-2")];
        let ([memory, redis], _) = self.both("read", async |store| store.read(&keys, None).await).await;
        assert_eq!(memory, redis, "rows after step {step}: {what}");
    }

    async fn both<A: std::fmt::Debug>(
        &self,
        what: &'static str,
        act: impl AsyncFn(&dyn IdempotencyStore) -> A,
    ) -> ([String; 2], &'static str) {
        let [memory, redis] = &self.stores;
        ([format!("{:?}", act(&**memory).await), format!("{:?}", act(&**redis).await)], what)
    }

    async fn claim_in_both(&mut self) -> ([String; 2], &'static str) {
        let request = self.claim();
        let [memory, redis] = &self.stores;
        let answers = [memory, redis].map(async |store| one(store.claim(std::slice::from_ref(&request), None).await));
        let [memory, redis] = answers;
        let (memory, redis) = (memory.await, redis.await);
        if let ClaimAnswer::Acquired(lease) = &memory {
            self.leases.push(lease.clone());
        }
        ([said(&memory), said(&redis)], "claim")
    }

    async fn mark(&mut self) -> ([String; 2], &'static str) {
        let mark = MarkRequest::new(self.claim()).result(self.result());
        self.both("mark", async |store| one(store.mark(std::slice::from_ref(&mark), None).await)).await
    }

    async fn complete(&self, lease: Lease) -> ([String; 2], &'static str) {
        let until_s = now_ms(&self.clock) / 1_000 + 500 * u64::from(self.draw(4));
        let request = CompleteRequest::new(lease, until_s).result(self.result());
        self.both("complete", async |store| one(store.complete(std::slice::from_ref(&request), None).await)).await
    }

    async fn fail(&self, lease: Lease) -> ([String; 2], &'static str) {
        let request = FailRequest::new(lease, self.draw(3).to_string(), "declined");
        self.both("fail", async |store| one(store.fail(std::slice::from_ref(&request), None).await)).await
    }

    async fn renew(&self, lease: Lease) -> ([String; 2], &'static str) {
        let until_ms = now_ms(&self.clock) + 10_000 * u64::from(self.draw(8));
        let request = RenewRequest::new(lease, until_ms);
        self.both("renew", async |store| one(store.renew(std::slice::from_ref(&request), None).await)).await
    }
}

/// With the result, which `Debug` does not show.
fn said(answer: &ClaimAnswer) -> String {
    match answer {
        ClaimAnswer::Completed { result } => format!("{answer:?} {:?}", result.json()),
        answer => format!("{answer:?}"),
    }
}

#[tokio::test]
async fn redis_does_what_memory_does() {
    let (_server, connection) = server().await;
    for seed in 0..3 {
        let clock = ManualClock::new();
        let redis = RedisStore::new(connection.clone()).prefix(format!("{seed}:")).clock(clock.clone());
        let stores: [Box<dyn IdempotencyStore>; 2] = [Box::new(MemoryStore::new(clock.clone())), Box::new(redis)];
        let mut history = History { chance: Seeded::new(seed), clock, stores, leases: Vec::new(), owners: 0 };
        for step in 0..STEPS {
            history.step(step).await;
        }
        assert!(history.leases.len() > 100, "{} grants are too few to say anything", history.leases.len());
    }
}
