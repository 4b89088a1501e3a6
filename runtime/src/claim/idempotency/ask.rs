//! The store's operations as a consumer asks them: what it learns of commits is remembered.

use std::time::Duration;

use super::Idempotency;
use crate::{
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, IdempotencyKey, MarkRequest, PayloadHash,
        ReadAnswer, RowState, RowStatus, Success, TransactAnswer, TransactRequest, protocol,
    },
    clock::epoch_ms,
};

/// What a read before a claim told.
#[derive(Debug)]
pub(crate) enum Look {
    /// What the claim would be answered.
    Answered(ClaimAnswer),
    /// Nothing stands in the way of the claim.
    Open {
        /// How many runs in a row nobody heard the end of: their process may have died, or their time ended.
        unheard: u32,
        /// The claim will meet a row.
        has_row: bool,
    },
}

fn unheard(read: &ReadAnswer, now_ms: u64) -> u32 {
    match read {
        ReadAnswer::Row(row) if matches!(row.status, RowStatus::InProgress { .. }) && !row.is_expired(now_ms) => {
            row.attempts
        }
        _ => 0,
    }
}

impl Idempotency {
    /// What is known about this claim without asking anybody.
    pub(crate) fn recall(&self, request: &ClaimRequest) -> Option<ClaimAnswer> {
        // A replay gives back the result, which is not kept here.
        if self.result_limit.is_some() {
            return None;
        }
        self.committed.answer(request, self.now_ms())
    }

    /// Reads before claiming: what each claim would be answered, where the read can tell.
    pub(crate) async fn look(&self, requests: &[ClaimRequest], time_left: Option<Duration>) -> Vec<Look> {
        let keys: Vec<IdempotencyKey> = requests.iter().map(|request| request.key.clone()).collect();
        let reads = self.store().read(&keys, time_left).await;
        let now_ms = self.now_ms();
        let looked = requests.iter().zip(reads).map(|(request, read)| {
            if let ReadAnswer::Row(row) = &read {
                self.remember_row(&request.key, row);
            }
            let (unheard, has_row) = (unheard(&read, now_ms), !matches!(read, ReadAnswer::Nothing));
            match protocol::read::answer(read, request, now_ms) {
                Some(answer) => Look::Answered(answer),
                None => Look::Open { unheard, has_row },
            }
        });
        looked.collect()
    }

    pub(crate) async fn complete(&self, all: &[CompleteRequest], time_left: Option<Duration>) -> Vec<CompleteAnswer> {
        let answers = self.store().complete(all, time_left).await;
        all.iter().zip(&answers).for_each(|(request, answer)| self.remember_completion(request, answer));
        answers
    }

    pub(crate) async fn mark(&self, all: &[MarkRequest], time_left: Option<Duration>) -> Vec<CompleteAnswer> {
        let answers = self.store().mark(all, time_left).await;
        all.iter().zip(&answers).for_each(|(request, answer)| self.remember_mark(request, answer));
        answers
    }

    pub(crate) async fn transact(&self, request: &TransactRequest, time_left: Option<Duration>) -> TransactAnswer {
        let answer = self.store().transact(request, time_left).await;
        if let TransactAnswer::Decided(decided) = &answer {
            match &request.success {
                Success::Complete(request) => self.remember_completion(request, decided),
                Success::Mark(request) => self.remember_mark(request, decided),
            }
        }
        answer
    }

    fn remember_completion(&self, request: &CompleteRequest, answer: &CompleteAnswer) {
        let lease = &request.lease;
        self.remember(answer, &lease.key, lease.payload_hash, request.expires_at_s);
    }

    fn remember_mark(&self, request: &MarkRequest, answer: &CompleteAnswer) {
        let claim = &request.claim;
        self.remember(answer, &claim.key, claim.payload_hash, claim.expires_at_s);
    }

    /// Only one's own commits: of another's, neither the payload nor the end of the retention is known here.
    fn remember(&self, answer: &CompleteAnswer, key: &IdempotencyKey, hash: PayloadHash, expires_at_s: u64) {
        if matches!(answer, CompleteAnswer::Committed) {
            self.committed.insert(key, hash, expires_at_s);
        }
    }

    fn remember_row(&self, key: &IdempotencyKey, row: &RowState) {
        if matches!(row.status, RowStatus::Completed { .. }) {
            self.committed.insert(key, row.payload_hash, row.expires_at_s);
        }
    }

    pub(super) fn now_ms(&self) -> u64 {
        epoch_ms(self.clock.wall())
    }
}
