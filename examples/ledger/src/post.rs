//! The handler.

use sqs_runtime::{
    Failure,
    extract::{Json, MessageGroupId, State, Transaction},
};

use crate::{Balances, Entry};

/// Posts one entry: its account's balance moves once the message is recorded as done, in one transaction. Each run leaves a line in the
/// log, which has the message's id; how much an entry moves is nobody's business there.
///
/// # Errors
///
/// Rejects an entry that makes no sense, and, when the transaction is written, one that its account does not cover.
pub async fn post(
    State(balances): State<Balances>,
    MessageGroupId(group): MessageGroupId,
    transaction: Transaction,
    Json(entry): Json<Entry>,
) -> Result<(), Failure> {
    tracing::info!(entry = entry.entry, "posting");
    entry.check(&group).map_err(Failure::reject)?;
    balances.post(&transaction, &entry)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    async fn posted(amount_cents: i64, currency: &str) -> Result<Transaction, Failure> {
        let entry = Entry { account: "A".into(), entry: 1, amount_cents, currency: currency.into() };
        let (transaction, group) = (Transaction::new(), MessageGroupId("A".into()));
        post(State(Balances::new("ledger")), group, transaction.clone(), Json(entry)).await.map(|()| transaction)
    }

    #[tokio::test]
    async fn only_what_is_taken_has_a_condition_and_it_means_never_again() {
        let condition = |transaction: &Transaction| {
            let items = transaction.items();
            let update = items[0].update().expect("one update").clone();
            let needed = update.expression_attribute_values.and_then(|mut values| values.remove(":needed"));
            (update.condition_expression, needed)
        };
        assert_eq!(condition(&posted(5, "EUR").await.expect("posted")), (None, None));
        let taken = posted(i64::MIN, "EUR").await.expect("posted");
        let needed = AttributeValue::N("9223372036854775808".into());
        assert_eq!(condition(&taken), (Some("cents >= :needed".into()), Some(needed)));
        let refused = taken.outcome_if_refused(0).expect("the first write");
        assert_eq!(refused.name(), "rejected");
    }

    #[tokio::test]
    async fn an_unknown_currency_is_rejected() {
        assert!(posted(5, "XXX").await.expect_err("not posted").is_reject());
    }
}
