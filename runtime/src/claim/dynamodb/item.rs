//! Items of the table, read as rows.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::table::{Name, Table};
use crate::claim::{
    FencingToken, Owner, PayloadHash, StoredResult,
    protocol::{Found, Row, Status},
};

pub(super) type Item = HashMap<String, AttributeValue>;

/// The version of the schema that this crate writes.
pub(super) const SCHEMA: &str = "1";

/// What a read or a refused write met. An item that is not one of ours, by its schema or by an attribute, is corrupt.
pub(super) fn found(table: &Table, item: Option<&Item>) -> Found {
    match item {
        None => Found::Nothing,
        Some(item) => row(table, item).map_or(Found::Corrupt, Found::Row),
    }
}

/// The item as a row; `None` where it is not one of ours.
pub(super) fn row(table: &Table, item: &Item) -> Option<Row> {
    let reader = Reader { table, item };
    if reader.number::<u64>(Name::Schema)?.to_string() != SCHEMA {
        return None;
    }
    Some(Row {
        status: reader.status()?,
        owner: Owner::from_text(reader.text(Name::Owner)?)?,
        fence: FencingToken(reader.number(Name::Fence)?),
        since_ms: reader.number(Name::Since)?,
        attempts: reader.number(Name::Attempts)?,
        expires_at_s: reader.number(Name::Expiration)?,
        payload_hash: PayloadHash::from_text(reader.text(Name::Validation)?)?,
        version: reader.optional_text(Name::Version)?,
        result: reader.result()?,
        error: reader.optional_text(Name::Error)?,
    })
}

struct Reader<'a> {
    table: &'a Table,
    item: &'a Item,
}

impl<'a> Reader<'a> {
    fn get(&self, name: Name) -> Option<&'a AttributeValue> {
        self.item.get(self.table.attribute_name(name))
    }

    fn text(&self, name: Name) -> Option<&'a str> {
        self.get(name)?.as_s().ok().map(String::as_str)
    }

    /// Absent is fine, another type is not.
    fn optional_text(&self, name: Name) -> Option<Option<Box<str>>> {
        match self.get(name) {
            None => Some(None),
            Some(_) => self.text(name).map(|text| Some(text.into())),
        }
    }

    fn result(&self) -> Option<StoredResult> {
        match self.get(Name::Data) {
            None => Some(StoredResult::Nothing),
            Some(AttributeValue::S(json)) => Some(StoredResult::Kept(json.as_str().into())),
            Some(AttributeValue::Null(_)) => Some(StoredResult::Omitted),
            Some(_) => None,
        }
    }

    fn number<N: std::str::FromStr>(&self, name: Name) -> Option<N> {
        self.get(name)?.as_n().ok()?.parse().ok()
    }

    fn status(&self) -> Option<Status> {
        match self.text(Name::Status)? {
            "INPROGRESS" => Some(Status::InProgress { lease_expires_at_ms: self.number(Name::InProgressExpiration)? }),
            "COMPLETED" => Some(Status::Completed),
            "RELEASED" => Some(Status::Released),
            "FAILED" => Some(Status::Failed),
            _ => None,
        }
    }
}
