//! Every row as it was after every write, and the rules that no write may break.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    message::{Kind, Message},
    row::Row,
    server::{Request, Server},
    way::Way,
};

/// The rows of one case, and what was wrong with how they changed.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    way: Way,
    rows: BTreeMap<String, Row>,
    commits: BTreeMap<String, usize>,
    /// Each transaction as it was first sent, by its owner.
    transactions: BTreeMap<String, Request>,
    /// Whose success was sent and may have landed, for all that they heard.
    unanswered: BTreeSet<String>,
    pub(super) wrong: Vec<String>,
}

impl Ledger {
    pub(super) fn new(way: Way) -> Self {
        Self { way, ..Self::default() }
    }

    pub(super) fn row(&self, key: &str) -> Row {
        self.rows.get(key).cloned().unwrap_or_default()
    }

    pub(super) fn commits(&self, key: &str) -> usize {
        self.commits.get(key).copied().unwrap_or(0)
    }

    /// Looks at what the client sends.
    pub(super) fn sent(&mut self, message: &Message) {
        if message.is_transaction {
            let first = self.transactions.entry(message.owner.clone()).or_insert_with(|| message.request.clone());
            if *first != message.request {
                self.wrong.push(format!("a transaction is sent again as it was, under its token: {message:?}"));
            }
        }
        if message.kind == Kind::GiveUp && self.unanswered.contains(&message.owner) {
            self.wrong.push(format!("a claim whose success may have landed is not given up: {message:?}"));
        }
        if message.kind.commits() && self.way.transacts() && !message.is_transaction {
            self.wrong.push(format!("I6: a success goes out with its business writes: {message:?}"));
        }
    }

    /// Notes whether the answer to a success leaves open what became of it.
    pub(super) fn answered(&mut self, message: &Message, leaves_doubt: bool) {
        if message.kind.commits() && leaves_doubt {
            self.unanswered.insert(message.owner.clone());
        }
    }

    /// Notes that the server itself said what became of a success.
    pub(super) fn decided(&mut self, message: &Message) {
        if message.kind.commits() {
            self.unanswered.remove(&message.owner);
        }
    }

    /// Looks at what a write made of its row, and of what is written with it.
    pub(super) fn note(&mut self, message: &Message, server: &Server, now_ms: u64) {
        let (before, after) = (self.row(&message.key), server.row(&message.key));
        if before != after {
            self.changed(message, &before, &after, now_ms);
            self.rows.insert(message.key.clone(), after);
        }
        let (counted, commits) = (server.counter(&message.key), self.commits(&message.key));
        if counted != if self.way.transacts() { commits } else { 0 } {
            self.wrong.push(format!("I6: {counted} business writes with {commits} commits: {message:?}"));
        }
    }

    fn changed(&mut self, message: &Message, before: &Row, after: &Row, now_ms: u64) {
        let mut must = |holds: bool, rule: &str| {
            if !holds {
                self.wrong.push(format!("{rule}: {message:?} made {after:?} of {before:?}"));
            }
        };
        must(message.kind != Kind::Read, "a read changes nothing");
        must(!before.is("COMPLETED"), "I2, I3: what is done never changes");
        must(after.owner() == message.owner, "I8: a row belongs to who wrote it last");
        if message.kind.grants() {
            must(after.fence() > before.fence(), "I9: fences grow with every grant");
            let lease_is_over = before.number("in_progress_expiration") < now_ms.saturating_sub(1_000);
            must(!before.is("INPROGRESS") || lease_is_over, "G4: a lease that lives is not taken over");
            let is_over = before.is("RELEASED") && before.owner() == message.owner;
            must(!is_over, "a late copy of a claim that was released is refused");
        } else {
            let is_held = before.is("INPROGRESS") && before.owner() == message.owner;
            must(is_held && message.fence == Some(before.fence()), "I7, I8: only the holder settles");
            must(after.fence() == before.fence(), "only a grant changes a fence");
        }
        must(after.is("INPROGRESS") == (message.kind == Kind::Claim), "a claim puts its key in progress");
        must(after.is("COMPLETED") == message.kind.commits(), "a success completes its key, and nothing else does");
        if after.is("COMPLETED") {
            let commits = self.commits.entry(message.key.clone()).or_default();
            *commits += 1;
            if *commits > 1 {
                self.wrong.push(format!("I1: a key is committed once: {message:?}"));
            }
        }
    }
}
