//! What can travel: as which statement, what its being done means, and the operation that decides where it was not.

use std::time::Duration;

use super::{
    super::{
        DynamoDbStore,
        operations::kept,
        table::Name,
        write::{number, text},
    },
    statement::Statement,
};
use crate::claim::{
    ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, HeldAnswer, Lease, Success,
    protocol::{Write, claim},
};

/// A request that can travel with others.
pub(in crate::claim::dynamodb) trait Travels: Sync {
    type Answer: Send;

    /// Its statement; `None` where it rather goes alone.
    fn statement(&self, store: &DynamoDbStore, now_ms: u64) -> Option<Statement>;

    /// What it means that the statement is done.
    fn done(&self, now_ms: u64) -> Self::Answer;

    /// The operation by itself. `in_doubt`: a statement of the same was sent, and what became of it is not known.
    fn alone(
        &self,
        store: &DynamoDbStore,
        time: Option<Duration>,
        in_doubt: bool,
    ) -> impl Future<Output = Self::Answer> + Send;
}

impl Travels for ClaimRequest {
    type Answer = ClaimAnswer;

    /// An insertion. One that met a row would be refused, and paid for.
    fn statement(&self, store: &DynamoDbStore, now_ms: u64) -> Option<Statement> {
        if self.meets_row || store.server_clock.check().is_err() {
            return None;
        }
        Some(Statement::insert(store, &self.key, &claim::granted(None, self, now_ms)))
    }

    fn done(&self, now_ms: u64) -> ClaimAnswer {
        claim::answer(Write::Written(claim::granted(None, self, now_ms)), self)
    }

    /// Where the insertion landed after all, the row that refuses is this request's own.
    async fn alone(&self, store: &DynamoDbStore, time: Option<Duration>, in_doubt: bool) -> ClaimAnswer {
        match store.claim_one(self, time).await {
            ClaimAnswer::Unavailable(error) if in_doubt => store.healed_claim(self, error, time).await,
            answer => answer,
        }
    }
}

impl Travels for CompleteRequest {
    type Answer = CompleteAnswer;

    fn statement(&self, store: &DynamoDbStore, now_ms: u64) -> Option<Statement> {
        /// Larger results go alone: a request has an end.
        const MAX_RESULT_BYTES: usize = 4 * 1024;
        if self.result.json().is_some_and(|json| json.len() > MAX_RESULT_BYTES) {
            return None;
        }
        let mut set = vec![
            (Name::Status, text("COMPLETED")),
            (Name::Since, number(now_ms)),
            (Name::Attempts, number(0)),
            (Name::Expiration, number(self.expires_at_s)),
        ];
        set.extend(kept(&self.result).map(|(_, value)| (Name::Data, value)));
        Some(Statement::settle(store, &self.lease, set))
    }

    fn done(&self, _: u64) -> CompleteAnswer {
        CompleteAnswer::Committed
    }

    async fn alone(&self, store: &DynamoDbStore, time: Option<Duration>, _: bool) -> CompleteAnswer {
        store.record(Success::Complete(self.clone()), time).await
    }
}

/// Its release.
impl Travels for Lease {
    type Answer = HeldAnswer;

    fn statement(&self, store: &DynamoDbStore, now_ms: u64) -> Option<Statement> {
        let set = vec![(Name::Status, text("RELEASED")), (Name::Since, number(now_ms)), (Name::Attempts, number(0))];
        Some(Statement::settle(store, self, set))
    }

    fn done(&self, _: u64) -> HeldAnswer {
        HeldAnswer::Written
    }

    async fn alone(&self, store: &DynamoDbStore, time: Option<Duration>, _: bool) -> HeldAnswer {
        store.release_one(self, time).await
    }
}

impl Travels for FailRequest {
    type Answer = HeldAnswer;

    fn statement(&self, store: &DynamoDbStore, now_ms: u64) -> Option<Statement> {
        let set = vec![
            (Name::Status, text("FAILED")),
            (Name::Since, number(now_ms)),
            (Name::Attempts, number(0)),
            (Name::Version, text(&*self.version)),
            (Name::Error, text(&*self.error)),
        ];
        Some(Statement::settle(store, &self.lease, set))
    }

    fn done(&self, _: u64) -> HeldAnswer {
        HeldAnswer::Written
    }

    async fn alone(&self, store: &DynamoDbStore, time: Option<Duration>, _: bool) -> HeldAnswer {
        store.fail_one(self, time).await
    }
}
