//! The store's operations: which write each is, and what its result means.

use std::{sync::atomic::Ordering, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::{BoxFuture, join_all};

use super::{
    DynamoDbStore,
    expression::Expression,
    fate::Fate,
    item::SCHEMA,
    write::{Values, held, number, text},
};
use crate::{
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, HeldAnswer, IdempotencyKey,
        IdempotencyStore, Lease, MarkRequest, ReadAnswer, RenewAnswer, RenewRequest, StoreError, StoredResult, Success,
        TransactAnswer, TransactRequest,
        protocol::{self, Found, Write, claim, renew},
    },
    clock::epoch_ms,
};

/// The values of a claim's condition and of what it grants.
pub(super) fn claiming(request: &ClaimRequest, now_ms: u64) -> Values {
    let mut values = vec![
        (":inprogress", text("INPROGRESS")),
        (":completed", text("COMPLETED")),
        (":released", text("RELEASED")),
        (":failed", text("FAILED")),
        (":me", text(request.owner.to_text())),
        (":now_ms", number(now_ms)),
        (":now_s", number(now_ms / 1_000)),
        (":takeover_ms", number(now_ms.saturating_sub(claim::SKEW_MS))),
        (":expiration", number(request.expires_at_s)),
        (":validation", text(request.payload_hash.to_text())),
        (":schema", AttributeValue::N(SCHEMA.into())),
        (":one", number(1)),
        (":zero", number(0)),
    ];
    values.extend(request.version.as_deref().map(|version| (":version", text(version))));
    values
}

impl DynamoDbStore {
    pub(super) fn now_ms(&self) -> u64 {
        epoch_ms(self.clock.wall())
    }

    pub(super) async fn claim_one(&self, request: &ClaimRequest, time_left: Option<Duration>) -> ClaimAnswer {
        if let Err(error) = self.trust_the_clock(&request.key, time_left).await {
            return ClaimAnswer::Unavailable(error);
        }
        let mut values = claiming(request, self.now_ms());
        values.push((":lease_ms", number(request.lease_expires_at_ms)));
        let expressions = &self.expressions;
        let expression = if request.version.is_some() { &expressions.claim_versioned } else { &expressions.claim };
        match self.write_row(&request.key, expression, values, time_left).await {
            Ok(written) => claim::answer(written, request),
            Err(Fate::Refused(error) | Fate::NotNow(error)) => ClaimAnswer::Unavailable(error),
            Err(Fate::Unknown(error)) => self.healed_claim(request, error, time_left).await,
        }
    }

    /// A clock that was seen to be far off is looked at again, by a read whose answer has the server's time.
    async fn trust_the_clock(&self, key: &IdempotencyKey, time_left: Option<Duration>) -> Result<(), StoreError> {
        if self.server_clock.check().is_err() {
            self.read(key, time_left).await.map_err(Fate::into_error)?;
        }
        self.server_clock.check()
    }

    /// A claim without an answer: one read says whether it landed, or whether the work is done anyway.
    pub(super) async fn healed_claim(
        &self,
        request: &ClaimRequest,
        error: StoreError,
        time: Option<Duration>,
    ) -> ClaimAnswer {
        let found = self.read(&request.key, time).await;
        let healed = found.ok().and_then(|found| claim::healed(found, request, self.now_ms()));
        healed.unwrap_or(ClaimAnswer::Unknown(error))
    }

    async fn give_up(
        &self,
        lease: &Lease,
        expression: &Expression,
        more: Values,
        time_left: Option<Duration>,
    ) -> HeldAnswer {
        let mut values = held(lease);
        values.extend([(":zero", number(0)), (":now_ms", number(self.now_ms()))]);
        values.extend(more);
        match self.write(&lease.key, expression, values, time_left).await {
            Ok(written) => protocol::held_answer(&written),
            Err(fate) => HeldAnswer::Unknown(fate.into_error()),
        }
    }

    pub(super) async fn release_one(&self, lease: &Lease, time_left: Option<Duration>) -> HeldAnswer {
        let more = vec![(":released", text("RELEASED"))];
        self.give_up(lease, &self.expressions.release, more, time_left).await
    }

    async fn cancel_one(&self, lease: &Lease, time_left: Option<Duration>) -> HeldAnswer {
        let mut values = held(lease);
        values.push((":zero", number(0)));
        match self.write(&lease.key, &self.expressions.cancel, values, time_left).await {
            Ok(written) => protocol::held_answer(&written),
            Err(fate) => HeldAnswer::Unknown(fate.into_error()),
        }
    }

    pub(super) async fn fail_one(&self, request: &FailRequest, time_left: Option<Duration>) -> HeldAnswer {
        let more =
            vec![(":failed", text("FAILED")), (":version", text(&*request.version)), (":error", text(&*request.error))];
        self.give_up(&request.lease, &self.expressions.fail, more, time_left).await
    }

    async fn renew_one(&self, request: &RenewRequest, time_left: Option<Duration>) -> RenewAnswer {
        let RenewRequest { lease, until_ms } = request;
        let mut values = held(lease);
        values.push((":lease_ms", number(*until_ms)));
        match self.write(&lease.key, &self.expressions.renew, values, time_left).await {
            Ok(written) => renew::answer(&written, lease, *until_ms),
            Err(fate) => RenewAnswer::Unknown(fate.into_error()),
        }
    }

    async fn read_one(&self, key: &IdempotencyKey, time_left: Option<Duration>) -> ReadAnswer {
        match self.read(key, time_left).await {
            Ok(Found::Nothing) => ReadAnswer::Nothing,
            Ok(Found::Row(row)) => ReadAnswer::Row(row.into()),
            Ok(Found::Corrupt) => ReadAnswer::Corrupt,
            Err(fate) => ReadAnswer::Unavailable(fate.into_error()),
        }
    }
}

/// The value of a result, where something is kept of it.
pub(super) fn kept(result: &StoredResult) -> Option<(&'static str, AttributeValue)> {
    match result {
        StoredResult::Nothing => None,
        StoredResult::Kept(json) => Some((":data", text(&**json))),
        StoredResult::Omitted => Some((":data", AttributeValue::Null(true))),
    }
}

impl IdempotencyStore for DynamoDbStore {
    fn claim<'a>(&'a self, requests: &'a [ClaimRequest], time: Option<Duration>) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        Box::pin(self.answer_all(requests, time))
    }

    fn complete<'a>(
        &'a self,
        all: &'a [CompleteRequest],
        time: Option<Duration>,
    ) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        Box::pin(self.answer_all(all, time))
    }

    fn release<'a>(&'a self, leases: &'a [Lease], time: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        Box::pin(self.answer_all(leases, time))
    }

    fn cancel<'a>(&'a self, leases: &'a [Lease], time: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        Box::pin(join_all(leases.iter().map(move |lease| self.cancel_one(lease, time))))
    }

    fn fail<'a>(&'a self, requests: &'a [FailRequest], time: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        Box::pin(self.answer_all(requests, time))
    }

    fn renew<'a>(&'a self, requests: &'a [RenewRequest], time: Option<Duration>) -> BoxFuture<'a, Vec<RenewAnswer>> {
        Box::pin(join_all(requests.iter().map(move |request| self.renew_one(request, time))))
    }

    fn mark<'a>(&'a self, requests: &'a [MarkRequest], time: Option<Duration>) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        Box::pin(join_all(requests.iter().map(move |request| self.record(Success::Mark(request.clone()), time))))
    }

    fn read<'a>(&'a self, keys: &'a [IdempotencyKey], time: Option<Duration>) -> BoxFuture<'a, Vec<ReadAnswer>> {
        Box::pin(join_all(keys.iter().map(move |key| self.read_one(key, time))))
    }

    fn forget<'a>(&'a self, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        let mut values = vec![(":failed", text("FAILED")), (":released", text("RELEASED")), (":zero", number(0))];
        values.push((":now_ms", number(self.now_ms())));
        Box::pin(async move {
            let written = self.write(key, &self.expressions.forget, values, None).await;
            written.map(|written| matches!(written, Write::Written(()))).map_err(Fate::into_error)
        })
    }

    /// Reads a row: that takes credentials and a connection, and tells the server's time. Once, where that succeeds.
    fn warm(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { if self.is_warm.load(Ordering::Relaxed) { Ok(()) } else { self.probe().await } })
    }

    fn travels_together(&self) -> bool {
        self.together.is_wanted()
    }

    fn transacts(&self) -> bool {
        true
    }

    fn transact<'a>(&'a self, request: &'a TransactRequest, time: Option<Duration>) -> BoxFuture<'a, TransactAnswer> {
        Box::pin(self.transact_one(request, time))
    }
}
