//! Which functions there are. A further example is one more entry.

use std::collections::BTreeMap;

use crate::{
    account::{Effect, Sent, Tally},
    aws::Row,
    plan::{self, Kind, Planned},
};

/// A function behind a queue.
pub(crate) struct Function {
    /// Names function, queue and tables.
    pub(crate) name: &'static str,
    /// The package that is built; its program has the same name.
    pub(crate) package: &'static str,
    pub(crate) is_fifo: bool,
    /// How much of all messages it gets, beside the others.
    share: usize,
    /// Its messages, by seed and number.
    pub(crate) messages: fn(u64, usize) -> Vec<Planned>,
    /// Where it leaves what it does.
    pub(crate) table: Table,
    /// What it left there, by work: of what was sent, in these rows.
    pub(crate) effects: fn(&[Sent], &[Row]) -> BTreeMap<String, Effect>,
}

/// A table of a function's own, beside that of its claims.
pub(crate) struct Table {
    /// The setting that names it.
    pub(crate) setting: &'static str,
    /// Its partition key, a text.
    pub(crate) key: &'static str,
}

const ORDERS: Table = Table { setting: "ORDERS_TABLE", key: "orderId" };

/// All of them. `orders` stands there twice: the same package behind a standard queue and behind a FIFO queue.
pub(crate) const FUNCTIONS: [Function; 3] = [
    Function {
        name: "orders",
        package: "orders",
        is_fifo: false,
        share: 3,
        messages: plan::shuffled,
        table: ORDERS,
        effects: plan::effects_of_orders,
    },
    Function {
        name: "orders-in-order",
        package: "orders",
        is_fifo: true,
        share: 1,
        messages: plan::groups,
        table: ORDERS,
        effects: plan::effects_of_orders,
    },
    Function {
        name: "ledger",
        package: "ledger",
        is_fifo: true,
        share: 1,
        messages: plan::entries,
        table: Table { setting: "LEDGER_TABLE", key: "account" },
        effects: plan::effects_of_entries,
    },
];

/// The packages to build, each once.
pub(crate) fn packages() -> Vec<&'static str> {
    let mut packages: Vec<_> = FUNCTIONS.iter().map(|function| function.package).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// How many messages each function gets of so many.
pub(crate) fn shares(messages: usize) -> Vec<usize> {
    let whole: usize = FUNCTIONS.iter().map(|function| function.share).sum();
    let mut shares: Vec<_> = FUNCTIONS.iter().map(|function| messages * function.share / whole).collect();
    let rest = messages - shares.iter().sum::<usize>();
    if let Some(first) = shares.first_mut() {
        *first += rest;
    }
    shares
}

/// What a kind of message came to.
pub(crate) fn line(function: &Function, kind: Kind, Tally { messages, runs }: Tally) -> String {
    let runs = runs.map_or("-".to_owned(), |runs| runs.to_string());
    format!("{:16} {:12} {messages:6} messages {runs:>6} runs", function.name, format!("{kind:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_some_functions_and_every_package_is_built_once() {
        for messages in [1, 7, 2_000] {
            assert_eq!(shares(messages).into_iter().sum::<usize>(), messages);
        }
        assert_eq!(packages(), ["ledger", "orders"]);
    }
}
