//! Which table, and what its attributes are called.

use crate::claim::IdempotencyKey;

/// A DynamoDB table that holds idempotency rows.
///
/// The names and units of `id`, `status`, `expiration`, `in_progress_expiration`, `data` and `validation` are those of
/// Powertools for AWS Lambda, so a table that was made for it serves unchanged. Rows that Powertools wrote are not
/// understood, and never overwritten: give each its own table, or its own keys.
///
/// | attribute | type | holds |
/// | --- | --- | --- |
/// | `id` | S | the key |
/// | `status` | S | `INPROGRESS`, `COMPLETED`, `RELEASED`, `FAILED` |
/// | `owner` | S | the attempt that wrote it, 128 random bits in hexadecimal |
/// | `fence` | N | the fencing token |
/// | `since` | N | when the status was written, epoch **milliseconds** |
/// | `attempts` | N | grants in a row that ended neither in a release nor in a completion |
/// | `in_progress_expiration` | N | the end of the lease, epoch **milliseconds** |
/// | `expiration` | N | the end of the retention, epoch **seconds**: the table's TTL attribute |
/// | `validation` | S | the payload's hash |
/// | `version` | S | the handler's version, where one is known |
/// | `data` | S | the handler's result as JSON, where it is kept; NULL where there was one that could not be |
/// | `error` | S | the class of a rejection, and what it said |
/// | `v` | N | the version of this schema, 1 |
#[derive(Clone, Debug)]
pub struct Table {
    name: String,
    key: Key,
    names: [String; Name::COUNT],
}

/// How rows are addressed.
#[derive(Clone, Debug)]
enum Key {
    Partition(String),
    Composite { partition: String, value: String, sort: String },
}

/// The attributes of a row beside its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Name {
    /// `status`
    Status,
    /// `owner`
    Owner,
    /// `fence`
    Fence,
    /// `since`, epoch milliseconds
    Since,
    /// `attempts`
    Attempts,
    /// `in_progress_expiration`, epoch milliseconds
    InProgressExpiration,
    /// `expiration`, epoch seconds: the TTL attribute
    Expiration,
    /// `validation`
    Validation,
    /// `version`
    Version,
    /// `data`
    Data,
    /// `error`
    Error,
    /// `v`
    Schema,
}

impl Name {
    const COUNT: usize = 12;

    pub(super) const ALL: [Self; Self::COUNT] = [
        Self::Status,
        Self::Owner,
        Self::Fence,
        Self::Since,
        Self::Attempts,
        Self::InProgressExpiration,
        Self::Expiration,
        Self::Validation,
        Self::Version,
        Self::Data,
        Self::Error,
        Self::Schema,
    ];

    fn default_name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Owner => "owner",
            Self::Fence => "fence",
            Self::Since => "since",
            Self::Attempts => "attempts",
            Self::InProgressExpiration => "in_progress_expiration",
            Self::Expiration => "expiration",
            Self::Validation => "validation",
            Self::Version => "version",
            Self::Data => "data",
            Self::Error => "error",
            Self::Schema => "v",
        }
    }

    /// What stands for it in expressions: several of the names are reserved words.
    pub(super) fn placeholder(self) -> &'static str {
        match self {
            Self::Status => "#status",
            Self::Owner => "#owner",
            Self::Fence => "#fence",
            Self::Since => "#since",
            Self::Attempts => "#attempts",
            Self::InProgressExpiration => "#lease",
            Self::Expiration => "#expiration",
            Self::Validation => "#validation",
            Self::Version => "#version",
            Self::Data => "#data",
            Self::Error => "#error",
            Self::Schema => "#schema",
        }
    }
}

impl Table {
    /// The table of that name, with the partition key `id`.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            key: Key::Partition("id".into()),
            names: Name::ALL.map(|name| name.default_name().into()),
        }
    }

    /// The partition key has another name than `id`.
    #[must_use]
    pub fn partition_key(self, attribute: impl Into<String>) -> Self {
        Self { key: Key::Partition(attribute.into()), ..self }
    }

    /// Partition and sort key: the key of a row stands in the sort key, and all rows share one value of the partition key.
    #[must_use]
    pub fn composite_key(
        self,
        partition: impl Into<String>,
        value: impl Into<String>,
        sort: impl Into<String>,
    ) -> Self {
        let (partition, value, sort) = (partition.into(), value.into(), sort.into());
        Self { key: Key::Composite { partition, value, sort }, ..self }
    }

    /// An attribute has another name.
    #[must_use]
    pub fn attribute(mut self, name: Name, attribute: impl Into<String>) -> Self {
        if let Some(slot) = self.names.get_mut(name as usize) {
            *slot = attribute.into();
        }
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn attribute_name(&self, name: Name) -> &str {
        self.names.get(name as usize).map_or("", String::as_str)
    }

    /// The attributes of the key, in the order of [`key`](Self::key).
    pub(super) fn key_attributes(&self) -> impl Iterator<Item = &str> {
        let (partition, sort) = match &self.key {
            Key::Partition(partition) => (partition, None),
            Key::Composite { partition, sort, .. } => (partition, Some(sort)),
        };
        std::iter::once(partition).chain(sort).map(String::as_str)
    }

    /// The attribute whose absence means that there is no row.
    pub(super) fn key_attribute(&self) -> &str {
        match &self.key {
            Key::Partition(partition) | Key::Composite { partition, .. } => partition,
        }
    }

    /// The key attributes of a row, by name.
    pub(super) fn key(&self, key: &IdempotencyKey) -> Vec<(String, String)> {
        match &self.key {
            Key::Partition(partition) => vec![(partition.clone(), key.as_str().into())],
            Key::Composite { partition, value, sort } => {
                vec![(partition.clone(), value.clone()), (sort.clone(), key.as_str().into())]
            }
        }
    }
}
