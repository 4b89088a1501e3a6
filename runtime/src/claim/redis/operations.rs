//! The store's operations: which script each is, and what its result means.

use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use redis::{Script, aio::ConnectionLike};

use super::{
    RedisStore,
    call::{Values, held, kept, number},
    fate::Fate,
    fields::MAX_NUMBER,
    time_left::TimeLeft,
};
use crate::{
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, HeldAnswer, IdempotencyKey,
        IdempotencyStore, Lease, MarkRequest, ReadAnswer, RenewAnswer, RenewRequest, StoreError,
        protocol::{self, Found, Status, Write, claim, complete, mark, renew},
    },
    clock::epoch_ms,
};

/// How often a completion is sent whose answer did not come, before it is read instead.
const COMPLETION_TRIES: u32 = 3;

/// How long the server keeps a row after its retention, in milliseconds: more than clocks may differ, so that it deletes
/// nothing that a condition would still look at.
const MARGIN_MS: u64 = 60 * 60 * 1_000;

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    fn now_ms(&self) -> u64 {
        epoch_ms(self.clock.wall())
    }

    fn time(&self, time_left: Option<Duration>) -> TimeLeft<'_> {
        TimeLeft::new(&*self.clock, time_left)
    }

    /// When the row may be forgotten, and how long from now the server keeps it.
    fn retention(expires_at_s: u64, now_ms: u64) -> Values {
        let left_ms = expires_at_s.min(MAX_NUMBER).saturating_mul(1_000).saturating_sub(now_ms);
        vec![("expiration", number(expires_at_s)), ("keep_ms", (left_ms + MARGIN_MS).to_string())]
    }

    /// The values of a claim's condition and of what it grants.
    fn claiming(request: &ClaimRequest, now_ms: u64) -> Values {
        let mut values = Self::retention(request.expires_at_s, now_ms);
        values.extend([
            ("owner", request.owner.to_text()),
            ("now_ms", number(now_ms)),
            ("now_s", number(now_ms / 1_000)),
            ("takeover_ms", number(now_ms.saturating_sub(claim::SKEW_MS))),
            ("validation", request.payload_hash.to_text()),
        ]);
        values.extend(request.version.as_deref().map(|version| ("version", version.to_owned())));
        values
    }

    async fn claim_one(&self, request: &ClaimRequest, time_left: Option<Duration>) -> ClaimAnswer {
        let (time, mut values) = (self.time(time_left), Self::claiming(request, self.now_ms()));
        values.push(("lease_ms", number(request.lease_expires_at_ms)));
        match self.write_row(&self.scripts.claim, &request.key, values, (&time, 2)).await {
            Ok(written) => claim::answer(written, request),
            Err(Fate::NotWritten(error)) => ClaimAnswer::Unavailable(error),
            Err(Fate::Unknown(error)) => self.healed_claim(request, error, &time).await,
        }
    }

    /// A claim without an answer: one read says whether it landed, or whether the work is done anyway.
    async fn healed_claim(&self, request: &ClaimRequest, error: StoreError, time: &TimeLeft<'_>) -> ClaimAnswer {
        let found = self.read(&request.key, time).await;
        let healed = found.ok().and_then(|found| claim::healed(found, request, self.now_ms()));
        healed.unwrap_or(ClaimAnswer::Unknown(error))
    }

    async fn complete_one(&self, request: &CompleteRequest, time_left: Option<Duration>) -> CompleteAnswer {
        let (time, mut last) = (self.time(time_left), StoreError::new("not tried"));
        for tried in 0..COMPLETION_TRIES {
            // Those that are left, and the read.
            let requests = COMPLETION_TRIES - tried + 1;
            match self.send_completion(request, (&time, requests)).await {
                Ok(written) => return complete::answer(&written, request),
                Err(fate) => last = fate.into_error(),
            }
        }
        self.healed_completion(request, last, &time).await
    }

    async fn send_completion(&self, request: &CompleteRequest, time: (&TimeLeft<'_>, u32)) -> Result<Write, Fate> {
        let now_ms = self.now_ms();
        let mut values = held(&request.lease);
        values.extend(Self::retention(request.expires_at_s, now_ms));
        values.push(("now_ms", number(now_ms)));
        values.extend(kept(&request.result));
        self.write(&self.scripts.complete, &request.lease.key, values, time).await
    }

    /// A completion without an answer: one read says whether it landed, or that it never can. A row that is still held says
    /// nothing, since the request may be on its way.
    async fn healed_completion(
        &self,
        request: &CompleteRequest,
        error: StoreError,
        time: &TimeLeft<'_>,
    ) -> CompleteAnswer {
        match self.read(&request.lease.key, time).await {
            Ok(Found::Row(row)) if !protocol::holds(Some(&row), &request.lease) => {
                complete::answer(&Write::<()>::Refused(Found::Row(row)), request)
            }
            _ => CompleteAnswer::Unknown(error),
        }
    }

    async fn give_up(&self, lease: &Lease, script: &Script, more: Values, time_left: Option<Duration>) -> HeldAnswer {
        let mut values = held(lease);
        values.push(("now_ms", number(self.now_ms())));
        values.extend(more);
        match self.write(script, &lease.key, values, (&self.time(time_left), 1)).await {
            Ok(written) => protocol::held_answer(&written),
            Err(fate) => HeldAnswer::Unknown(fate.into_error()),
        }
    }

    async fn release_one(&self, lease: &Lease, time_left: Option<Duration>) -> HeldAnswer {
        self.give_up(lease, &self.scripts.release, Values::new(), time_left).await
    }

    async fn cancel_one(&self, lease: &Lease, time_left: Option<Duration>) -> HeldAnswer {
        self.give_up(lease, &self.scripts.cancel, Values::new(), time_left).await
    }

    async fn fail_one(&self, request: &FailRequest, time_left: Option<Duration>) -> HeldAnswer {
        let more = vec![("version", request.version.to_string()), ("error", request.error.to_string())];
        self.give_up(&request.lease, &self.scripts.fail, more, time_left).await
    }

    async fn renew_one(&self, request: &RenewRequest, time_left: Option<Duration>) -> RenewAnswer {
        let RenewRequest { lease, until_ms } = request;
        let mut values = held(lease);
        values.push(("lease_ms", number(*until_ms)));
        match self.write(&self.scripts.renew, &lease.key, values, (&self.time(time_left), 1)).await {
            Ok(written) => renew::answer(&written, lease, *until_ms),
            Err(fate) => RenewAnswer::Unknown(fate.into_error()),
        }
    }

    async fn mark_one(&self, request: &MarkRequest, time_left: Option<Duration>) -> CompleteAnswer {
        let claim = &request.claim;
        let (time, mut values) = (self.time(time_left), Self::claiming(claim, self.now_ms()));
        values.extend(kept(&request.result));
        let error = match self.write(&self.scripts.mark, &claim.key, values, (&time, 2)).await {
            Ok(written) => return mark::answer(&written, request),
            Err(fate) => fate.into_error(),
        };
        match self.read(&claim.key, &time).await {
            Ok(Found::Row(row)) if row.status == Status::Completed => {
                mark::answer(&Write::<()>::Refused(Found::Row(row)), request)
            }
            _ => CompleteAnswer::Unknown(error),
        }
    }

    async fn read_one(&self, key: &IdempotencyKey, time_left: Option<Duration>) -> ReadAnswer {
        match self.read(key, &self.time(time_left)).await {
            Ok(Found::Nothing) => ReadAnswer::Nothing,
            Ok(Found::Row(row)) => ReadAnswer::Row(row.into()),
            Ok(Found::Corrupt) => ReadAnswer::Corrupt,
            Err(fate) => ReadAnswer::Unavailable(fate.into_error()),
        }
    }
}

/// The elements of a call are sent together over one connection, and answered one by one.
impl<C: ConnectionLike + Clone + Send + Sync + 'static> IdempotencyStore for RedisStore<C> {
    fn claim<'a>(&'a self, requests: &'a [ClaimRequest], time: Option<Duration>) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        Box::pin(join_all(requests.iter().map(move |request| self.claim_one(request, time))))
    }

    fn complete<'a>(
        &'a self,
        all: &'a [CompleteRequest],
        time: Option<Duration>,
    ) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        Box::pin(join_all(all.iter().map(move |request| self.complete_one(request, time))))
    }

    fn release<'a>(&'a self, leases: &'a [Lease], time: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        Box::pin(join_all(leases.iter().map(move |lease| self.release_one(lease, time))))
    }

    fn cancel<'a>(&'a self, leases: &'a [Lease], time: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        Box::pin(join_all(leases.iter().map(move |lease| self.cancel_one(lease, time))))
    }

    fn fail<'a>(&'a self, requests: &'a [FailRequest], time: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        Box::pin(join_all(requests.iter().map(move |request| self.fail_one(request, time))))
    }

    fn renew<'a>(&'a self, requests: &'a [RenewRequest], time: Option<Duration>) -> BoxFuture<'a, Vec<RenewAnswer>> {
        Box::pin(join_all(requests.iter().map(move |request| self.renew_one(request, time))))
    }

    fn mark<'a>(&'a self, requests: &'a [MarkRequest], time: Option<Duration>) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        Box::pin(join_all(requests.iter().map(move |request| self.mark_one(request, time))))
    }

    fn read<'a>(&'a self, keys: &'a [IdempotencyKey], time: Option<Duration>) -> BoxFuture<'a, Vec<ReadAnswer>> {
        Box::pin(join_all(keys.iter().map(move |key| self.read_one(key, time))))
    }

    fn forget<'a>(&'a self, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let (time, values) = (self.time(None), vec![("now_ms", number(self.now_ms()))]);
            let written = self.write(&self.scripts.forget, key, values, (&time, 1)).await;
            written.map(|written| matches!(written, Write::Written(()))).map_err(Fate::into_error)
        })
    }
}
