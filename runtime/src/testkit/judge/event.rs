//! The messages of an event, by what names them.

use serde_json::value::RawValue;

use super::object::{Found, Object};

/// The message id of each record, in order; `None` for a record whose id is missing, empty, no string, or there twice. `None`
/// for an event without one list of records.
pub(super) fn message_ids(event_json: &str) -> Option<Vec<Option<String>>> {
    let Found::Once(records) = Object::read(event_json)?.find("Records") else { return None };
    let records: Vec<&RawValue> = serde_json::from_str(records.get()).ok()?;
    Some(records.into_iter().map(|record| message_id(record.get())).collect())
}

fn message_id(record: &str) -> Option<String> {
    let Found::Once(id) = Object::read(record)?.find("messageId") else { return None };
    serde_json::from_str(id.get()).ok().filter(|id: &String| !id.is_empty())
}
