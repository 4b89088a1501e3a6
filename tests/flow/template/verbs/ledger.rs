//! `ledger`, whose balances move in transactions.

use ledger::{Balances, by_entry};
use serde_json::json;
use sqs_runtime::{
    Consumer, Idempotency,
    claim::dynamodb::{DynamoDbStore, Table},
    testkit::PausedClock,
};

use super::{Aws, Message, assert_all_is_done, deliver, hold, table, told};
use crate::{
    support::outcomes,
    template::{Rule, Template},
};

fn idempotency(aws: &Aws, template: &Template, clock: &PausedClock) -> Idempotency {
    let store = DynamoDbStore::new(aws.dynamodb(), Table::new(table(template, "IDEMPOTENCY_TABLE")));
    Idempotency::new(store.clock(clock.clone()))
}

/// The consumer as its program makes it, with the settings of the template.
fn consumer(aws: &Aws, template: &Template, clock: &PausedClock) -> Consumer {
    let balances = Balances::new(table(template, "LEDGER_TABLE"));
    told(ledger::consumer(idempotency(aws, template, clock), balances), aws, template, clock)
}

fn entry(account: &'static str, amount_cents: i64, currency: &str) -> Message {
    let entry = json!({"account": account, "entry": 1, "amountCents": amount_cents, "currency": currency});
    (entry.to_string(), Some(account))
}

#[tokio::test(start_paused = true)]
async fn the_functions_role_allows_what_the_function_does() -> Rule {
    let template = Template::read("template-fifo.yaml")?;
    let (queue, clock) = (template.queue_name()?, PausedClock::new());
    let tables = [(table(&template, "IDEMPOTENCY_TABLE"), "id"), (table(&template, "LEDGER_TABLE"), "account")];
    let aws = Aws::with_tables(&tables).await;
    let silent = Consumer::new(std::future::pending::<()>).idempotency(by_entry(idempotency(&aws, &template, &clock)));
    hold(&aws, silent.clock(clock.clone()), queue, &clock, entry("held", 5, "EUR")).await;
    let entries = [
        entry("lost", 5, "EUR"),
        entry("good", 5, "EUR"),
        entry("good", 5, "EUR"),
        entry("empty", -5, "EUR"),
        entry("abroad", 5, "XXX"),
        entry("overseas", 5, "XXX"),
        entry("offshore", 5, "XXX"),
        entry("held", 5, "EUR"),
    ];
    let report = deliver(&aws, consumer(&aws, &template, &clock), queue, &entries).await;
    let rejected = ["rejected"; 4];
    let expected = [&["done", "done", "already done"][..], &rejected, &["in progress elsewhere"]].concat();
    assert_eq!(outcomes(&report), expected);
    assert_all_is_done(&template, &aws.take());
    Ok(())
}
