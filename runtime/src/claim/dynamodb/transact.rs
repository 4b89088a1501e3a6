//! Recording a success together with the handler's writes: one `TransactWriteItems`, frozen once built, sent again under the
//! same token until it is answered.

use std::time::Duration;

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update},
};

use super::{
    DynamoDbStore,
    fate::Fate,
    item,
    success::{Recording, note_omission},
    transaction::{Collected, Write},
    write::MAX_OPERATION,
};
use crate::{
    claim::{
        CompleteAnswer, Owner, StoreError, Success, TransactAnswer, TransactRequest,
        protocol::{self, Found},
    },
    outcome::{Outcome, Reason, ReasonClass},
};

/// The first pause before another try; each further one is twice as long, up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// DynamoDB's limit for a transaction, less the record's own part.
const MAX_WRITES: usize = 99;

/// What one sending came to.
enum Sent {
    Written,
    /// By the condition of the record's own part, which met this.
    Refused(Found),
    /// By the condition of the handler's write at that place.
    ConditionRefused(usize),
    Failed(Fate),
    /// The token was used for another request: a mistake of ours.
    Mismatched,
}

/// A transaction that does not change any more, and the token under which DynamoDB knows it for 10 minutes.
struct Frozen {
    items: Vec<TransactWriteItem>,
    token: String,
}

impl DynamoDbStore {
    pub(super) async fn transact_one(&self, request: &TransactRequest, time_left: Option<Duration>) -> TransactAnswer {
        let Some(collected) = request.writes.downcast::<Collected>() else {
            return TransactAnswer::NotWritten(StoreError::new("the writes are not those of a DynamoDB transaction"));
        };
        let (writes, success) = (collected.seal(), request.success.clone());
        if writes.len() > MAX_WRITES {
            let text =
                format!("a transaction has at most {MAX_WRITES} writes of a handler, and there are {}", writes.len());
            return TransactAnswer::NotWritten(StoreError::new(text));
        }
        if writes.is_empty() {
            return TransactAnswer::Decided(self.record(success, time_left).await);
        }
        let until = self.clock.monotonic() + time_left.unwrap_or(MAX_OPERATION);
        self.transact_until(success, &writes, until).await
    }

    /// Sends until there is an answer that decides, or no time left. What may have landed is then read, and never given up.
    async fn transact_until(&self, mut success: Success, writes: &[Write], until: Duration) -> TransactAnswer {
        let mut frozen = match self.frozen(&success, writes, 0) {
            Ok(frozen) => frozen,
            Err(error) => return TransactAnswer::NotWritten(error),
        };
        let (mut tries, mut in_doubt, had_result) = (0, false, success.has_result());
        loop {
            let time_left = until.saturating_sub(self.clock.monotonic());
            let error = match self.send(&frozen, time_left).await {
                Sent::Written => {
                    note_omission(had_result, &success);
                    return TransactAnswer::Decided(success.answer(&protocol::Write::Written(())));
                }
                Sent::Refused(found) => return TransactAnswer::Decided(self.refused(&success, found, time_left).await),
                Sent::ConditionRefused(_) if in_doubt => {
                    let error = StoreError::new("a condition did not hold, behind a try that got no answer");
                    return self.not_written(&success, error, in_doubt, time_left).await;
                }
                Sent::ConditionRefused(place) => return TransactAnswer::ConditionRefused(refused_at(writes, place)),
                Sent::Mismatched => {
                    tracing::error!("a transaction's token was used before for another request; its row is read");
                    let error = StoreError::new("the transaction's token was used before");
                    return TransactAnswer::Decided(self.healed(&success, error, Some(time_left)).await);
                }
                Sent::Failed(Fate::Refused(_)) if !in_doubt && success.omit_result() => {
                    // Another request, so another token.
                    frozen = match self.frozen(&success, writes, 1) {
                        Ok(frozen) => frozen,
                        Err(error) => return TransactAnswer::NotWritten(error),
                    };
                    continue;
                }
                Sent::Failed(Fate::Refused(error)) => {
                    return self.not_written(&success, error, in_doubt, time_left).await;
                }
                Sent::Failed(Fate::NotNow(error)) => error,
                Sent::Failed(Fate::Unknown(error)) => {
                    in_doubt = true;
                    error
                }
            };
            let pause = pause(tries, owner(&success));
            if self.clock.monotonic() + pause >= until {
                return self.not_written(&success, error, in_doubt, time_left).await;
            }
            self.clock.sleep(pause).await;
            tries += 1;
        }
    }

    /// Nothing was written, unless an earlier try was left without an answer: then the row tells, or nobody can.
    async fn not_written(
        &self,
        success: &Success,
        error: StoreError,
        in_doubt: bool,
        time_left: Duration,
    ) -> TransactAnswer {
        if in_doubt {
            TransactAnswer::Decided(self.healed(success, error, Some(time_left)).await)
        } else {
            TransactAnswer::NotWritten(error)
        }
    }

    /// The record's own condition did not hold. A server that does not say by what is asked.
    async fn refused(&self, success: &Success, found: Found, time_left: Duration) -> CompleteAnswer {
        match found {
            Found::Nothing => {
                let error = StoreError::new("refused by a row that was not shown");
                match self.read(success.key(), Some(time_left)).await {
                    Ok(found) => success.answer(&protocol::Write::Refused(found)),
                    Err(_) => CompleteAnswer::Unknown(error),
                }
            }
            found => success.answer(&protocol::Write::Refused(found)),
        }
    }

    fn frozen(&self, success: &Success, writes: &[Write], variant: u8) -> Result<Frozen, StoreError> {
        let Recording { key, expression, values } = self.recording(success);
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let record = Update::builder()
            .table_name(self.table.name())
            .set_key(Some(self.key(key)))
            .update_expression(&expression.update)
            .condition_expression(&expression.condition)
            .set_expression_attribute_names(Some(expression.names.clone()))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(StoreError::new)?;
        let record = TransactWriteItem::builder().update(record).build();
        let items = std::iter::once(record).chain(writes.iter().map(|write| write.item.clone())).collect();
        Ok(Frozen { items, token: format!("{}-{variant}", owner(success).to_text()) })
    }

    async fn send(&self, frozen: &Frozen, time_left: Duration) -> Sent {
        let (config, witness) = self.for_one_operation(Some(time_left));
        let sent = self
            .client
            .transact_write_items()
            .client_request_token(&frozen.token)
            .set_transact_items(Some(frozen.items.clone()))
            .customize()
            .config_override(config)
            .send();
        match sent.await {
            Ok(_) => Sent::Written,
            Err(error) => self.failed(&error, witness.is_in_doubt()),
        }
    }

    fn failed(&self, error: &SdkError<TransactWriteItemsError, HttpResponse>, in_doubt: bool) -> Sent {
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                self.cancelled(cancelled.cancellation_reasons(), in_doubt)
            }
            // An earlier try of ours goes on; its own end decides.
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => {
                Sent::Failed(Fate::Unknown(StoreError::new("the transaction is still in progress")))
            }
            Some(TransactWriteItemsError::IdempotentParameterMismatchException(_)) => Sent::Mismatched,
            Some(other) if other.code() == Some("IdempotentParameterMismatchException") => Sent::Mismatched,
            // Its text may quote what the handler writes.
            Some(refused) if refused.code() == Some("ValidationException") => {
                let error =
                    StoreError::new("ValidationException: an item twice, an item above 400 KB, or a malformed write");
                Sent::Failed(if in_doubt { Fate::Unknown(error) } else { Fate::Refused(error) })
            }
            _ => {
                let fate = Fate::of(error);
                Sent::Failed(if in_doubt { fate.in_doubt() } else { fate })
            }
        }
    }

    fn cancelled(&self, reasons: &[CancellationReason], in_doubt: bool) -> Sent {
        let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
        if let Some(own) = reasons.first().filter(|own| failed(own)) {
            return Sent::Refused(item::found(&self.table, own.item()));
        }
        if let Some(place) = reasons.iter().skip(1).position(failed) {
            // A copy of an attempt that had no answer may still land, once the condition holds: who rejects the message now
            // may find it done.
            let error = || StoreError::new("a condition did not hold, behind an attempt that got no answer");
            return if in_doubt { Sent::Failed(Fate::Unknown(error())) } else { Sent::ConditionRefused(place) };
        }
        let codes: Vec<_> =
            reasons.iter().filter_map(CancellationReason::code).filter(|code| *code != "None").collect();
        let error = StoreError::new(format!("the transaction was cancelled: {}", codes.join(", ")));
        let is_passing =
            |code: &&str| ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"].contains(code);
        Sent::Failed(match () {
            () if in_doubt => Fate::Unknown(error),
            () if codes.iter().all(is_passing) => Fate::NotNow(error),
            () => Fate::Refused(error),
        })
    }
}

fn owner(success: &Success) -> Owner {
    match success {
        Success::Complete(request) => request.lease.owner(),
        Success::Mark(request) => request.claim.owner,
    }
}

fn refused_at(writes: &[Write], place: usize) -> Outcome {
    let refused = writes.get(place).map(|write| write.refused.clone());
    refused.unwrap_or_else(|| Outcome::Retry(Reason::new(ReasonClass::ConditionRefused)))
}

/// How long to wait before another try: between half and all of a time that doubles. The owner's random bits spread attempts
/// that collided, a byte for each try.
fn pause(tries: usize, owner: Owner) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << tries.min(8)).min(MAX_PAUSE);
    let chance = owner.byte(tries);
    doubled / 2 + (doubled / 2).mul_f64(f64::from(chance) / 255.0)
}
