//! A stored item of DynamoDB, as the store reads it: garbage is never a grant and never a success.
//!
//! The input is the item as DynamoDB writes it, JSON. The store is the public one, over the real SDK and a wire that gives the item
//! back to every request: that is slower than the decoder alone would be, and needs no door in the crate.

use serde_json::{Map, Value};
use sqs_runtime::claim::dynamodb::{DynamoDbStore, Table};

use super::{
    row::{Reply, Said, ask, clock},
    wire::Wire,
};

thread_local! {
    static STORE: (Wire, DynamoDbStore) = {
        let wire = Wire::default();
        let store = DynamoDbStore::new(wire.client(), Table::new("idempotency")).clock(clock());
        (wire, store)
    };
}

/// Any bytes as an item.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // Where serde_json reads an object, the SDK is shown that object as serde_json writes it, so that both mean the same one.
    let item = serde_json::from_str::<Map<String, Value>>(text).ok();
    let said = item.as_ref().and_then(said);
    let shown = item.map_or_else(|| text.to_owned(), |item| Value::Object(item).to_string());
    STORE.with(|(wire, store)| {
        for reply in [Reply::Refused, Reply::Written] {
            wire.shows(shown.clone(), reply == Reply::Refused);
            ask(store, reply, said.as_ref());
        }
    });
}

/// What the item says; `None` where it is no row.
fn said(item: &Map<String, Value>) -> Option<Said> {
    let typed = |name: &str, kind: &str| match item.get(name)?.as_object()? {
        typed if typed.len() == 1 => Some(typed.get(kind)?.as_str()?.to_owned()),
        _ => None,
    };
    let number = |name: &str| typed(name, "N").filter(|digits| digits.parse::<u64>().is_ok());
    number("since")?;
    number("expiration")?;
    number("attempts")?.parse::<u32>().ok()?;
    (number("v")?.parse::<u64>() == Ok(1)).then_some(())?;
    let status = typed("status", "S")?;
    let lease_end = number("in_progress_expiration");
    ["INPROGRESS", "COMPLETED", "RELEASED", "FAILED"].contains(&&*status).then_some(())?;
    let owner =
        typed("owner", "S").filter(|owner| owner.len() == 32 && owner.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let (validation, fence) = (typed("validation", "S")?, number("fence")?);
    Some(Said { status, owner, validation, fence, lease_end, version: typed("version", "S") })
}
