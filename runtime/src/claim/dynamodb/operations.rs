//! The store's operations: which write each is, and what its result means.

use std::time::Duration;

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
        IdempotencyStore, Lease, MarkRequest, ReadAnswer, RenewAnswer, RenewRequest, StoreError, StoredResult,
        protocol::{self, Found, Status, Write, claim, complete, mark, renew},
    },
    clock::epoch_ms,
};

/// How often a completion is sent whose answer did not come, before it is read instead.
const COMPLETION_TRIES: u32 = 3;

impl DynamoDbStore {
    fn now_ms(&self) -> u64 {
        epoch_ms(self.clock.wall())
    }

    /// The values of a claim's condition and of what it grants.
    fn claiming(request: &ClaimRequest, now_ms: u64) -> Values {
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

    async fn claim_one(&self, request: &ClaimRequest, time_left: Option<Duration>) -> ClaimAnswer {
        let now_ms = self.now_ms();
        let mut values = Self::claiming(request, now_ms);
        values.push((":lease_ms", number(request.lease_expires_at_ms)));
        let expressions = &self.expressions;
        let expression = if request.version.is_some() { &expressions.claim_versioned } else { &expressions.claim };
        match self.write_row(&request.key, expression, values, time_left).await {
            Ok(written) => claim::answer(written, request),
            Err(Fate::NotWritten(error)) => ClaimAnswer::Unavailable(error),
            Err(Fate::Unknown(error)) => self.healed_claim(request, error, time_left).await,
        }
    }

    /// A claim without an answer: one read says whether it landed, or whether the work is done anyway.
    async fn healed_claim(&self, request: &ClaimRequest, error: StoreError, time: Option<Duration>) -> ClaimAnswer {
        let found = self.read(&request.key, time).await;
        let healed = found.ok().and_then(|found| claim::healed(found, request, self.now_ms()));
        healed.unwrap_or(ClaimAnswer::Unknown(error))
    }

    async fn complete_one(&self, request: &CompleteRequest, time_left: Option<Duration>) -> CompleteAnswer {
        let mut request = std::borrow::Cow::Borrowed(request);
        let mut last = StoreError::new("not tried");
        for _ in 0..COMPLETION_TRIES {
            match self.send_completion(&request, time_left).await {
                Ok(written) => return complete::answer(&written, &request),
                Err(Fate::NotWritten(error)) if request.result.json().is_some() => {
                    // Too large an item, most likely: the success matters more than its result.
                    tracing::warn!(%error, "a result could not be kept; completing without it");
                    request.to_mut().result = StoredResult::Omitted;
                    last = error;
                }
                Err(fate) => last = fate.into_error(),
            }
        }
        self.healed_completion(&request, last, time_left).await
    }

    async fn send_completion(&self, request: &CompleteRequest, time_left: Option<Duration>) -> Result<Write, Fate> {
        let mut values = held(&request.lease);
        values.push((":completed", text("COMPLETED")));
        values.push((":expiration", number(request.expires_at_s)));
        values.extend([(":zero", number(0)), (":now_ms", number(self.now_ms()))]);
        values.extend(kept(&request.result));
        let expression = self.expressions.complete.of(&request.result);
        self.write(&request.lease.key, expression, values, time_left).await
    }

    /// A completion without an answer: one read says whether it landed, or that it never can. A row that is still held says
    /// nothing, since the request may be on its way.
    async fn healed_completion(
        &self,
        request: &CompleteRequest,
        error: StoreError,
        time_left: Option<Duration>,
    ) -> CompleteAnswer {
        match self.read(&request.lease.key, time_left).await {
            Ok(Found::Row(row)) if !protocol::holds(Some(&row), &request.lease) => {
                complete::answer(&Write::<()>::Refused(Found::Row(row)), request)
            }
            _ => CompleteAnswer::Unknown(error),
        }
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

    async fn release_one(&self, lease: &Lease, time_left: Option<Duration>) -> HeldAnswer {
        let more = vec![(":released", text("RELEASED"))];
        self.give_up(lease, &self.expressions.release, more, time_left).await
    }

    async fn fail_one(&self, request: &FailRequest, time_left: Option<Duration>) -> HeldAnswer {
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

    async fn mark_one(&self, request: &MarkRequest, time_left: Option<Duration>) -> CompleteAnswer {
        let claim = &request.claim;
        let mut values = Self::claiming(claim, self.now_ms());
        values.extend(kept(&request.result));
        let expressions = &self.expressions;
        let marks = if claim.version.is_some() { &expressions.mark_versioned } else { &expressions.mark };
        let error = match self.write(&claim.key, marks.of(&request.result), values, time_left).await {
            Ok(written) => return mark::answer(&written, request),
            Err(fate) => fate.into_error(),
        };
        match self.read(&claim.key, time_left).await {
            Ok(Found::Row(row)) if row.status == Status::Completed => {
                mark::answer(&Write::<()>::Refused(Found::Row(row)), request)
            }
            _ => CompleteAnswer::Unknown(error),
        }
    }
}

/// The value of a result, where something is kept of it.
fn kept(result: &StoredResult) -> Option<(&'static str, AttributeValue)> {
    match result {
        StoredResult::Nothing => None,
        StoredResult::Kept(json) => Some((":data", text(&**json))),
        StoredResult::Omitted => Some((":data", AttributeValue::Null(true))),
    }
}

impl IdempotencyStore for DynamoDbStore {
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
        let mut values = vec![(":failed", text("FAILED")), (":released", text("RELEASED")), (":zero", number(0))];
        values.push((":now_ms", number(self.now_ms())));
        Box::pin(async move {
            let written = self.write(key, &self.expressions.forget, values, None).await;
            written.map(|written| matches!(written, Write::Written(()))).map_err(Fate::into_error)
        })
    }
}
