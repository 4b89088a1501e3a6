//! Accounts and their entries, over a FIFO queue. An entry comes as one message, and moves the balance of its account once.
//!
//! - `entry`: what a message says, and whether it makes sense.
//! - `balances`: the table, and the write that moves a balance.
//! - `post`: the handler, one async function for one message.
//!
//! # Order
//!
//! An account is a message group. Entries of one account are posted one after the other, in the order in which they were sent;
//! accounts do not wait for each other. An entry that fails stops its account: those behind it are not started and come back
//! with it, and other accounts go on.
//!
//! # An entry that can never be posted
//!
//! Its currency is unknown, say. It must not stop its account for as long as the redrive policy has it come back. With a
//! dead-letter queue (`SQS_RUNTIME_DEAD_LETTER_QUEUE`, which must be FIFO too) a copy goes there at once, with the reason; once
//! SQS has confirmed that, the account goes on behind it. Without one the entry stops its account until the redrive policy moves it.
//! If an account must *not* go on without that entry, name no dead-letter queue, and mend the entry.
//!
//! # An entry that its account does not cover
//!
//! No balance falls below zero: that is a condition of the write. Where it does not hold the entry is **rejected**, not tried
//! again. All that was sent before it has been posted by then, and what may cover it was sent *behind* it, in the same group, which
//! waits for it: a retry could find nothing new, and would stop the account until its receives are used up. The rejection is
//! not remembered: moved back from the dead-letter queue, the entry is posted if its account covers it by then.
//!
//! # Once
//!
//! The write that moves a balance is in one transaction with the record that the message is done. So whatever dies, and however
//! often a message comes or is sent, each entry is in its balance once. `tests/redelivery.rs` kills the process wherever it can
//! die.
//!
//! # In the log
//!
//! Each run leaves a line, `posting`, with the number of its entry and the id of its message: who ran how often can be told from the log
//! alone. Neither account nor amount stands there.
//!
//! # Run it
//!
//! With a local DynamoDB (`.ci/dynamodb-local 8000`, in another terminal) and its two tables, which any client makes:
//!
//! ```text
//! export AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:8000 AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none
//! export IDEMPOTENCY_TABLE=idempotency LEDGER_TABLE=ledger
//! cargo run -p orders -- create-tables # the table `idempotency`
//! aws dynamodb create-table --table-name ledger --billing-mode PAY_PER_REQUEST \
//!   --attribute-definitions AttributeName=account,AttributeType=S --key-schema AttributeName=account,KeyType=HASH
//! cargo run -p ledger -- replay tests/fixtures/ledger.json --redeliver 1
//! ```

mod balances;
mod entry;
mod post;

use sqs_runtime::{Consumer, Idempotency, claim::Key};

pub use self::{
    balances::{Balances, NoTable},
    entry::{Entry, EntryError},
    post::post,
};

/// The consumer that `main` runs and the tests deliver events to.
#[must_use]
pub fn consumer(idempotency: Idempotency, balances: Balances) -> Consumer {
    Consumer::new(post).state(balances).idempotency(by_entry(idempotency))
}

/// An entry is named by its account and its number, and is the same entry if amount and currency are. The namespace is fixed: an
/// entry that comes from elsewhere, such as the dead-letter queue, is the same work.
#[must_use]
pub fn by_entry(idempotency: Idempotency) -> Idempotency {
    let key = Key::pointer("/account").and(Key::pointer("/entry"));
    idempotency.namespace("ledger").key(key.same_fields(["/amountCents", "/currency"]))
}
