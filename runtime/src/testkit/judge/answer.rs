//! The body of an answer, as the event source mapping reads it where `ReportBatchItemFailures` is on.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use super::object::{Found, Object};

/// Why an answer names nobody.
pub(super) enum Refusal {
    /// AWS says that the whole batch fails.
    WholeBatch,
    /// AWS does not say what happens.
    Undocumented(String),
}

/// What one entry of the list says.
enum Entry {
    /// Names a message of the batch.
    Good(String),
    /// Names none, in a way of which AWS says that it fails the whole batch.
    Bad,
}

const LIST: &str = "batchItemFailures";
const ID: &str = "itemIdentifier";

/// The message ids that come back.
pub(super) fn named(body: &str, ids: &[Option<String>]) -> Result<BTreeSet<String>, Refusal> {
    if body.is_empty() {
        return Ok(BTreeSet::new());
    }
    if body.trim().is_empty() {
        return undocumented("the body is white space only");
    }
    let value: &RawValue = serde_json::from_str(body).map_err(|_| Refusal::WholeBatch)?;
    match value.get() {
        "null" => Ok(BTreeSet::new()),
        object if object.starts_with('{') => of_list(list(object)?, ids),
        _ => undocumented("the body is neither an object nor null"),
    }
}

/// The entries under `batchItemFailures`; none where it is null or the object is empty.
fn list(object: &str) -> Result<Vec<&RawValue>, Refusal> {
    let object = object_of(object)?;
    match object.find(LIST) {
        Found::Again => undocumented(format!("`{LIST}` is there twice")),
        Found::Nowhere if object.len() == 0 => Ok(Vec::new()),
        Found::Nowhere => undocumented(format!("no `{LIST}`, but {}", quoted(&object))),
        Found::Once(_) if object.len() > 1 => undocumented(format!("fields beside `{LIST}`: {}", quoted(&object))),
        Found::Once(list) if list.get() == "null" => Ok(Vec::new()),
        Found::Once(list) => serde_json::from_str(list.get()).or_else(|_| undocumented(format!("`{LIST}` is no list"))),
    }
}

fn of_list(list: Vec<&RawValue>, ids: &[Option<String>]) -> Result<BTreeSet<String>, Refusal> {
    let known: BTreeSet<&str> = ids.iter().flatten().map(String::as_str).collect();
    let (mut named, mut bad) = (BTreeSet::new(), 0_usize);
    for raw in list {
        match entry(raw.get(), &known)? {
            Entry::Bad => bad += 1,
            Entry::Good(id) => {
                if let Some(id) = named.replace(id) {
                    return undocumented(format!("{id:?} is named twice"));
                }
            }
        }
    }
    match (named.len(), bad) {
        (_, 0) => Ok(named),
        (0, _) => Err(Refusal::WholeBatch),
        (good, bad) => undocumented(format!("{good} good entries beside {bad} bad ones")),
    }
}

fn entry(raw: &str, known: &BTreeSet<&str>) -> Result<Entry, Refusal> {
    if !raw.starts_with('{') {
        return undocumented("an entry is no object");
    }
    let object = object_of(raw)?;
    match object.find(ID) {
        Found::Again => undocumented(format!("an entry has `{ID}` twice")),
        Found::Nowhere if object.len() == 0 => undocumented("an entry has no field at all"),
        Found::Nowhere => Ok(Entry::Bad),
        Found::Once(_) if object.len() > 1 => undocumented(format!("an entry has fields beside `{ID}`")),
        Found::Once(id) => identifier(id.get(), known),
    }
}

fn identifier(raw: &str, known: &BTreeSet<&str>) -> Result<Entry, Refusal> {
    if raw == "null" {
        return Ok(Entry::Bad);
    }
    match serde_json::from_str::<String>(raw) {
        Ok(id) if known.contains(&*id) => Ok(Entry::Good(id)),
        // Empty, or of no message of this batch.
        Ok(_) => Ok(Entry::Bad),
        Err(_) => undocumented(format!("an `{ID}` is no string of valid Unicode")),
    }
}

fn object_of(json: &str) -> Result<Object<'_>, Refusal> {
    Object::read(json).map_or_else(|| undocumented("the name of a field is no valid Unicode"), Ok)
}

fn quoted(object: &Object<'_>) -> String {
    object.names().filter(|name| *name != LIST).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

fn undocumented<T>(why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Undocumented(why.into()))
}
