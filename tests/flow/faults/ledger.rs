//! Every row as it was after every write, and the rules that no write may break.

use std::collections::BTreeMap;

use dynoxide::{AttributeValue, Database, actions::get_item::GetItemRequest};
use serde_json::Value;

use super::fault::Stage;

pub(super) const TABLE: &str = "idempotency";

/// What one request asks for.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) key: String,
    pub(super) kind: Kind,
    owner: String,
    fence: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Claim,
    Complete,
    /// A release or a rejection.
    GiveUp,
}

impl Message {
    pub(super) fn of(body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).expect("a request in JSON");
        let values = &body["ExpressionAttributeValues"];
        let update = body["UpdateExpression"].as_str().unwrap_or_default();
        let kind = match update.strip_prefix("SET #status = ").and_then(|update| update.split(',').next()) {
            Some(":inprogress") => Kind::Claim,
            Some(":completed") => Kind::Complete,
            Some(":released" | ":failed") => Kind::GiveUp,
            _ => Kind::Read,
        };
        Self {
            key: body["Key"]["id"]["S"].as_str().expect("a key").to_owned(),
            kind,
            owner: values[":me"]["S"].as_str().unwrap_or_default().to_owned(),
            fence: values[":fence"]["N"].as_str().and_then(|fence| fence.parse().ok()),
        }
    }

    /// Who claims, completes or gives up.
    pub(super) fn owner(&self) -> &str {
        &self.owner
    }

    /// Which operation it belongs to; a read belongs to the write before it.
    pub(super) fn stage(&self, is_settling: bool) -> Stage {
        match self.kind {
            Kind::Claim => Stage::Claim,
            Kind::Read if is_settling => Stage::ReadAfterSettle,
            Kind::Read => Stage::ReadAfterClaim,
            Kind::Complete | Kind::GiveUp => Stage::Settle,
        }
    }
}

/// A row as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row(BTreeMap<String, String>);

impl Row {
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn number(&self, name: &str) -> u64 {
        self.get(name).parse().unwrap_or(0)
    }

    pub(super) fn owner(&self) -> &str {
        self.get("owner")
    }

    pub(super) fn fence(&self) -> u64 {
        self.number("fence")
    }

    pub(super) fn is(&self, status: &str) -> bool {
        self.get("status") == status
    }
}

/// The rows of one case, and what was wrong with how they changed.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    rows: BTreeMap<String, Row>,
    commits: BTreeMap<String, usize>,
    pub(super) wrong: Vec<String>,
}

impl Ledger {
    pub(super) fn row(&self, key: &str) -> Row {
        self.rows.get(key).cloned().unwrap_or_default()
    }

    pub(super) fn commits(&self, key: &str) -> usize {
        self.commits.get(key).copied().unwrap_or(0)
    }

    /// Looks at what a write made of its row.
    pub(super) fn note(&mut self, message: &Message, database: &Database, now_ms: u64) {
        let (before, after) = (self.row(&message.key), stored(database, &message.key));
        if before == after {
            return;
        }
        let mut must = |holds: bool, rule: &str| {
            if !holds {
                self.wrong.push(format!("{rule}: {message:?} made {after:?} of {before:?}"));
            }
        };
        must(message.kind != Kind::Read, "a read changes nothing");
        must(!before.is("COMPLETED"), "I2, I3: what is done never changes");
        must(after.owner() == message.owner, "I8: a row belongs to who wrote it last");
        if message.kind == Kind::Claim {
            must(after.fence() > before.fence(), "I9: fences grow with every grant");
            let lease_is_over = before.number("in_progress_expiration") < now_ms.saturating_sub(1_000);
            must(!before.is("INPROGRESS") || lease_is_over, "G4: a lease that lives is not taken over");
            let is_over = before.is("RELEASED") && before.owner() == message.owner;
            must(!is_over, "a late copy of a claim that was released is refused");
            must(after.is("INPROGRESS"), "a claim puts its key in progress");
        } else {
            let is_held = before.is("INPROGRESS") && before.owner() == message.owner;
            must(is_held && message.fence == Some(before.fence()), "I7, I8: only the holder settles");
            must(after.fence() == before.fence(), "only a grant changes a fence");
        }
        if after.is("COMPLETED") {
            let commits = self.commits.entry(message.key.clone()).or_default();
            *commits += 1;
            if *commits > 1 {
                self.wrong.push(format!("I1: a key is committed once: {message:?}"));
            }
        }
        self.rows.insert(message.key.clone(), after);
    }
}

/// The row in the table, read beside the client under test.
fn stored(database: &Database, key: &str) -> Row {
    let key = [("id".to_owned(), AttributeValue::S(key.to_owned()))].into_iter().collect();
    let request = GetItemRequest { table_name: TABLE.into(), key, ..GetItemRequest::default() };
    let item = database.get_item(request).expect("a table").item.unwrap_or_default();
    let text = |value| match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text,
        other => format!("{other:?}"),
    };
    Row(item.into_iter().map(|(name, value)| (name, text(value))).collect())
}
