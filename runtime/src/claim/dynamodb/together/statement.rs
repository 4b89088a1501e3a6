//! The writes that can travel together, as statements of PartiQL. Each condition is a narrower one than its operation's, so that a
//! statement that is done did what the operation would have done.

use aws_sdk_dynamodb::types::{AttributeValue, BatchStatementRequest};

use super::{
    super::{
        DynamoDbStore,
        item::SCHEMA,
        table::Name,
        write::{number, text},
    },
    texts::HELD,
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
    pub(super) fn insert(store: &DynamoDbStore, key: &IdempotencyKey, row: &Row) -> Self {
        let (names, values): (Vec<_>, Vec<_>) = of_row(row).into_iter().unzip();
        let text = store.together.texts.insert(&store.table, &names);
        Self { text, parameters: key_values(store, key).chain(values).collect() }
    }

    /// Sets these attributes and ends the lease, where the lease still holds the row.
    pub(super) fn settle(store: &DynamoDbStore, lease: &Lease, set: Pairs) -> Self {
        let (names, mut parameters): (Vec<_>, Vec<_>) = set.into_iter().unzip();
        let text = store.together.texts.settle(&store.table, &names);
        parameters.extend(key_values(store, lease.key()));
        parameters.extend(held(lease));
        Self { text, parameters }
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

fn key_values(store: &DynamoDbStore, key: &IdempotencyKey) -> impl Iterator<Item = AttributeValue> {
    store.table.key(key).into_iter().map(|(_, value)| AttributeValue::S(value))
}

/// In the order of their names.
fn held(lease: &Lease) -> [AttributeValue; HELD.len()] {
    [text("INPROGRESS"), text(lease.owner().to_text()), number(lease.fencing_token().0)]
}
