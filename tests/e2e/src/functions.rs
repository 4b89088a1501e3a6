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
    pub(crate) effects: Effects,
    /// Who sees its runs.
    pub(crate) witness: Witness,
}

/// Where a function leaves what it does.
pub(crate) enum Effects {
    /// In a table of its own, beside that of its claims.
    Table(Table),
    /// With the subscriber to whom it posts.
    Posted,
}

/// A table of a function's own.
pub(crate) struct Table {
    /// The setting that names it.
    pub(crate) setting: &'static str,
    /// Its partition key, a text.
    pub(crate) key: &'static str,
    /// What was left there, by work: of what was sent, in these rows.
    pub(crate) read: fn(&[Sent], &[Row]) -> BTreeMap<String, Effect>,
}

/// Who sees the runs of a function's handler.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Witness {
    /// The payment provider, whom each run calls once.
    Provider,
    /// The subscriber, who sees posts: a run for one whom nobody knows makes none.
    Subscriber,
    /// The function's log, where each run leaves this line.
    Log(&'static str),
}

const ORDERS: Effects =
    Effects::Table(Table { setting: "ORDERS_TABLE", key: "orderId", read: plan::effects_of_orders });
const LEDGER: Effects =
    Effects::Table(Table { setting: "LEDGER_TABLE", key: "account", read: plan::effects_of_entries });

/// All of them. `orders` stands there twice: the same package behind a standard queue and behind a FIFO queue.
pub(crate) const FUNCTIONS: [Function; 4] = [
    Function {
        name: "orders",
        package: "orders",
        is_fifo: false,
        share: 3,
        messages: plan::shuffled,
        effects: ORDERS,
        witness: Witness::Provider,
    },
    Function {
        name: "orders-in-order",
        package: "orders",
        is_fifo: true,
        share: 1,
        messages: plan::groups,
        effects: ORDERS,
        witness: Witness::Provider,
    },
    Function {
        name: "ledger",
        package: "ledger",
        is_fifo: true,
        share: 1,
        messages: plan::entries,
        effects: LEDGER,
        witness: Witness::Log("posting"),
    },
    Function {
        name: "webhooks",
        package: "webhooks",
        is_fifo: false,
        share: 1,
        messages: plan::events,
        effects: Effects::Posted,
        witness: Witness::Subscriber,
    },
];

impl Function {
    /// Its own table, if it has one.
    pub(crate) fn table(&self) -> Option<&Table> {
        match &self.effects {
            Effects::Table(table) => Some(table),
            Effects::Posted => None,
        }
    }
}

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
    let seen = if function.witness == Witness::Subscriber { "posts" } else { "runs" };
    format!("{:16} {:12} {messages:6} messages {runs:6} {seen}", function.name, format!("{kind:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_some_functions_and_every_package_is_built_once() {
        for messages in [1, 7, 2_000] {
            assert_eq!(shares(messages).into_iter().sum::<usize>(), messages);
        }
        assert_eq!(packages(), ["ledger", "orders", "webhooks"]);
    }
}
