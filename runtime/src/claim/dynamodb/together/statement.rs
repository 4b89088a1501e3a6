//! The writes that can travel together, as statements of PartiQL. Each condition is a narrower one than its operation's, so that a
//! statement that is done did what the operation would have done.

use aws_sdk_dynamodb::types::{AttributeValue, BatchStatementRequest};

use super::super::{
    item::SCHEMA,
    table::{Name, Table},
    write::{number, text},
};
use crate::claim::{
    IdempotencyKey, Lease,
    protocol::{Row, Status},
};

/// Attributes with their values, in the order of a statement's question marks.
pub(super) type Pairs = Vec<(Name, AttributeValue)>;

/// A statement while it is written.
pub(in crate::claim::dynamodb) struct Statement {
    text: String,
    parameters: Vec<AttributeValue>,
}

impl Statement {
    /// Writes this row where there is none.
    pub(super) fn insert(table: &Table, key: &IdempotencyKey, row: &Row) -> Self {
        let key = table.key(key).into_iter().map(|(name, value)| (name, text(value)));
        let rest = of_row(row).into_iter().map(|(name, value)| (table.attribute_name(name).to_owned(), value));
        let (names, parameters): (Vec<_>, Vec<_>) = key.chain(rest).unzip();
        let members: Vec<_> = names.iter().map(|name| format!("'{}': ?", name.replace('\'', "''"))).collect();
        let text = format!("INSERT INTO {} VALUE {{{}}}", quoted(table.name()), members.join(", "));
        Self { text, parameters }
    }

    /// Sets these attributes and ends the lease, where the lease still holds the row.
    pub(super) fn settle(table: &Table, lease: &Lease, set: Pairs) -> Self {
        let mut statement = Self { text: format!("UPDATE {}", quoted(table.name())), parameters: Vec::new() };
        for (name, value) in set {
            statement.text.push_str(&format!(" SET {} = ?", quoted(table.attribute_name(name))));
            statement.parameters.push(value);
        }
        statement.text.push_str(&format!(" REMOVE {}", quoted(table.attribute_name(Name::InProgressExpiration))));
        statement.only_where(table, lease)
    }

    fn only_where(mut self, table: &Table, lease: &Lease) -> Self {
        let key = table.key(lease.key()).into_iter().map(|(name, value)| (name, text(value)));
        let held = [
            (Name::Status, text("INPROGRESS")),
            (Name::Owner, text(lease.owner().to_text())),
            (Name::Fence, number(lease.fencing_token().0)),
        ];
        let held = held.into_iter().map(|(name, value)| (table.attribute_name(name).to_owned(), value));
        for (place, (name, value)) in key.chain(held).enumerate() {
            let word = if place == 0 { "WHERE" } else { "AND" };
            self.text.push_str(&format!(" {word} {} = ?", quoted(&name)));
            self.parameters.push(value);
        }
        self
    }

    /// `None` where the SDK would not take it, which no statement of ours is.
    pub(super) fn into_request(self) -> Option<BatchStatementRequest> {
        BatchStatementRequest::builder().statement(self.text).set_parameters(Some(self.parameters)).build().ok()
    }
}

/// The attributes of a row that was just granted.
fn of_row(row: &Row) -> Pairs {
    let Status::InProgress { lease_expires_at_ms } = row.status else { return Pairs::new() };
    let mut pairs = vec![
        (Name::Status, text("INPROGRESS")),
        (Name::Owner, text(row.owner.to_text())),
        (Name::Fence, number(row.fence.0)),
        (Name::Since, number(row.since_ms)),
        (Name::Attempts, number(row.attempts.into())),
        (Name::InProgressExpiration, number(lease_expires_at_ms)),
        (Name::Expiration, number(row.expires_at_s)),
        (Name::Validation, text(row.payload_hash.to_text())),
        (Name::Schema, AttributeValue::N(SCHEMA.into())),
    ];
    pairs.extend(row.version.as_deref().map(|version| (Name::Version, text(version))));
    pairs
}

/// A name, whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
