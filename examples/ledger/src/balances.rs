//! The table of balances.

use std::{error::Error, fmt};

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{AttributeValue, Update, builders::UpdateBuilder},
};
use sqs_runtime::{Failure, extract::Transaction};

use crate::Entry;

/// A table with the partition key `account`, and in each row `cents` and `entries`: the balance, and of how many entries it is the
/// sum. It is only named here: the transaction writes with the client of the idempotency store.
#[derive(Clone, Debug)]
pub struct Balances {
    table: String,
}

impl Balances {
    /// The balances in that table.
    pub fn new(table: impl Into<String>) -> Self {
        Self { table: table.into() }
    }

    /// The balances in the table that `LEDGER_TABLE` names.
    ///
    /// # Errors
    ///
    /// If it or `IDEMPOTENCY_TABLE` names none: a balance moves in one transaction with the record of its message, so both are needed.
    pub fn from_env() -> Result<Self, NoTable> {
        let is_a_table = |table: &String| !table.is_empty() && table != "memory";
        setting("IDEMPOTENCY_TABLE").filter(is_a_table).ok_or(NoTable("IDEMPOTENCY_TABLE"))?;
        setting("LEDGER_TABLE").filter(is_a_table).map(Self::new).ok_or(NoTable("LEDGER_TABLE"))
    }

    /// Adds the entry to its message's transaction.
    pub(crate) fn post(&self, transaction: &Transaction, entry: &Entry) -> Result<(), Failure> {
        let added = transaction.update(self.update(entry)?);
        // See the crate's page: trying again cannot help, what would cover it stands behind it.
        added.if_refused(Failure::reject("the account does not cover the entry"));
        Ok(())
    }

    /// Without a condition on `entries`: a second commit of an entry would show there.
    fn update(&self, entry: &Entry) -> Result<Update, BuildError> {
        let update = Update::builder()
            .table_name(&self.table)
            .key("account", AttributeValue::S(entry.account.clone()))
            .update_expression("ADD cents :amount, entries :one")
            .expression_attribute_values(":amount", number(entry.amount_cents.into()))
            .expression_attribute_values(":one", number(1));
        covered(update, entry.amount_cents.into()).build()
    }
}

/// No balance falls below zero. What comes in needs no condition, and a row that is not there covers nothing.
fn covered(update: UpdateBuilder, amount_cents: i128) -> UpdateBuilder {
    if amount_cents >= 0 {
        return update;
    }
    update.condition_expression("cents >= :needed").expression_attribute_values(":needed", number(-amount_cents))
}

fn number(number: i128) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A setting names no table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NoTable(&'static str);

impl fmt::Debug for NoTable {
    /// What `main` prints when it returns an error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for NoTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} names no DynamoDB table: a balance moves in one transaction with the record of its message",
            self.0
        )
    }
}

impl Error for NoTable {}

#[expect(clippy::disallowed_methods, reason = "the program's settings stand in its environment")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
