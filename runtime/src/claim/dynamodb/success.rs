//! Recording a success: which write it is, sent until it is answered, and read where no answer comes.

use std::time::Duration;

use super::{
    DynamoDbStore,
    expression::Expression,
    fate::Fate,
    operations::{claiming, kept},
    write::{Values, held, number, text},
};
use crate::claim::{
    CompleteAnswer, IdempotencyKey, Lease, StoreError, StoredResult, Success,
    protocol::{self, Found, Status, Write, success_answer},
};

/// How often a success is sent whose answer did not come, before it is read instead.
const TRIES: u32 = 3;

/// The conditional write that records a success.
pub(super) struct Recording<'a> {
    pub(super) key: &'a IdempotencyKey,
    pub(super) expression: &'a Expression,
    pub(super) values: Values,
}

impl Success {
    pub(super) fn key(&self) -> &IdempotencyKey {
        match self {
            Self::Complete(request) => request.lease.key(),
            Self::Mark(request) => &request.claim.key,
        }
    }

    fn lease(&self) -> Option<&Lease> {
        match self {
            Self::Complete(request) => Some(&request.lease),
            Self::Mark(_) => None,
        }
    }

    fn result_mut(&mut self) -> &mut StoredResult {
        match self {
            Self::Complete(request) => &mut request.result,
            Self::Mark(request) => &mut request.result,
        }
    }

    /// Leaves a note in the place of a result that the store did not take: the success matters more. `false` if there was
    /// none, so that this was not the reason.
    pub(super) fn omit_result(&mut self) -> bool {
        let result = self.result_mut();
        if result.json().is_none() {
            return false;
        }
        *result = StoredResult::Omitted;
        true
    }

    pub(super) fn has_result(&self) -> bool {
        match self {
            Self::Complete(request) => request.result.json().is_some(),
            Self::Mark(request) => request.result.json().is_some(),
        }
    }

    /// What a write means that records it.
    pub(super) fn answer(&self, write: &Write) -> CompleteAnswer {
        let (owner, payload_hash) = match self {
            Self::Complete(request) => (request.lease.owner(), request.lease.payload_hash()),
            Self::Mark(request) => (request.claim.owner, request.claim.payload_hash),
        };
        success_answer(write, owner, payload_hash)
    }
}

/// Says that a result was left out, once its success is recorded.
pub(super) fn note_omission(had_result: bool, success: &Success) {
    if had_result && !success.has_result() {
        tracing::warn!("a result did not fit into its row; its success is recorded without it");
    }
}

impl DynamoDbStore {
    /// The write that records this success.
    pub(super) fn recording<'a>(&'a self, success: &'a Success) -> Recording<'a> {
        let (now_ms, expressions) = (self.now_ms(), &self.expressions);
        let (mut values, keeping, result) = match success {
            Success::Complete(request) => {
                let mut values = held(&request.lease);
                values.extend([(":completed", text("COMPLETED")), (":expiration", number(request.expires_at_s))]);
                values.extend([(":zero", number(0)), (":now_ms", number(now_ms))]);
                (values, &expressions.complete, &request.result)
            }
            Success::Mark(request) => {
                let versioned = request.claim.version.is_some();
                let keeping = if versioned { &expressions.mark_versioned } else { &expressions.mark };
                (claiming(&request.claim, now_ms), keeping, &request.result)
            }
        };
        values.extend(kept(result));
        Recording { key: success.key(), expression: keeping.of(result), values }
    }

    /// Records a success by itself.
    pub(super) async fn record(&self, mut success: Success, time_left: Option<Duration>) -> CompleteAnswer {
        let mut last = StoreError::new("not tried");
        let mut tries = 0;
        let had_result = success.has_result();
        while tries < TRIES {
            tries += 1;
            let Recording { key, expression, values } = self.recording(&success);
            match self.write(key, expression, values, time_left).await {
                Ok(written) => {
                    note_omission(had_result, &success);
                    return success.answer(&written);
                }
                Err(Fate::Refused(error)) => {
                    // Too large an item, most likely.
                    tries = if success.omit_result() { tries - 1 } else { TRIES };
                    last = error;
                }
                Err(fate) => last = fate.into_error(),
            }
        }
        self.healed(&success, last, time_left).await
    }

    /// A success without an answer: one read says whether it landed, or that it never can.
    pub(super) async fn healed(
        &self,
        success: &Success,
        error: StoreError,
        time_left: Option<Duration>,
    ) -> CompleteAnswer {
        match self.read(success.key(), time_left).await {
            Ok(Found::Row(row)) if success.is_decided_by(&row) => success.answer(&Write::Refused(Found::Row(row))),
            _ => CompleteAnswer::Unknown(error),
        }
    }
}

impl Success {
    /// Whether this row tells what became of it. One that is still held says nothing, since the request may be on its way; and
    /// a mark can still land on any row that is not done.
    fn is_decided_by(&self, row: &protocol::Row) -> bool {
        match self.lease() {
            Some(lease) => !protocol::holds(Some(row), lease),
            None => row.status == Status::Completed,
        }
    }
}
