//! Messages of the shop.
//!
//! A payment token says what the payment provider shall do, and which order it is for: `tok_failstwice_S-1-17`.

use std::collections::BTreeMap;

use serde_json::json;

use super::{End, Kind, MAX_RECEIVES, Planned};
use crate::{
    account::{Effect, Sent},
    aws::Row,
};

/// A message of that kind about the order of that name.
pub(super) fn message(kind: Kind, work: &str, nth: usize, group: Option<&str>) -> Planned {
    let (runs, end) = fate(kind, nth, group.is_some());
    let body = if kind == Kind::Undecodable { undecodable(work, nth) } else { order(kind, work, nth, group) };
    Planned { kind, body, group: group.map(Into::into), work: work.to_owned(), runs, end }
}

/// Another order under the id of this one, in the same group.
pub(super) fn conflict(of: &Planned, nth: usize) -> Planned {
    let work = format!("{}-conflict", of.work);
    let group = of.group.as_deref();
    let body = order_under(&of.work, Kind::Conflict, &work, nth, group);
    let (runs, end) = fate(Kind::Conflict, nth, group.is_some());
    Planned { kind: Kind::Conflict, body, group: of.group.clone(), work, runs, end }
}

/// What the table of orders says, by order: each commit of an order adds 1 to its `charges`.
pub(crate) fn effects_of_orders(_: &[Sent], rows: &[Row]) -> BTreeMap<String, Effect> {
    rows.iter().map(|row| (row.text("orderId"), effect_of(row))).collect()
}

fn effect_of(row: &Row) -> Effect {
    let what = format!("{} of {}", row.number::<u64>("totalCents"), row.text("customerId"));
    Effect { times: row.number("charges"), what }
}

fn fate(kind: Kind, nth: usize, is_fifo: bool) -> (u64, End) {
    let dead = |reason, error| End::Dead { reason, error };
    match kind {
        Kind::FailsTwice => (3, End::Done(effect(nth))),
        Kind::Rejected => (1, dead("the handler failed", Some("the card was declined"))),
        // On a FIFO queue it leaves one receive earlier, so that those behind it keep one.
        Kind::FailsAlways if is_fifo => {
            (MAX_RECEIVES - 1, dead("the handler failed", Some("the payment provider is unavailable")))
        }
        Kind::FailsAlways => (MAX_RECEIVES, End::Moved),
        Kind::Conflict => (0, dead("the key was completed with another payload", None)),
        Kind::Undecodable if nth.is_multiple_of(2) => (0, dead("no idempotency key", None)),
        Kind::Undecodable => (0, dead("an argument could not be extracted", None)),
        _ => (1, End::Done(effect(nth))),
    }
}

/// What the table of orders says about the nth order.
fn effect(nth: usize) -> String {
    format!("{} of {}", cents(nth), customer(nth))
}

fn customer(nth: usize) -> String {
    format!("C-{}", nth % 97)
}

fn cents(nth: usize) -> usize {
    100 + 7 * (nth % 1_000)
}

fn order(kind: Kind, work: &str, nth: usize, group: Option<&str>) -> String {
    order_under(work, kind, work, nth, group)
}

fn order_under(order_id: &str, kind: Kind, work: &str, nth: usize, group: Option<&str>) -> String {
    let token = format!("tok_{}_{work}", format!("{kind:?}").to_lowercase());
    let items = json!([{"sku": group.unwrap_or("mug"), "quantity": 1, "unitPriceCents": cents(nth)}]);
    json!({"orderId": order_id, "customerId": customer(nth), "paymentToken": token, "items": items}).to_string()
}

/// No JSON, or JSON that is no order.
fn undecodable(work: &str, nth: usize) -> String {
    if nth.is_multiple_of(2) {
        format!("{{\"orderId\":\"{work}\",")
    } else {
        json!({"orderId": work, "customerId": "C-1", "paymentToken": "tok_none", "items": "none"}).to_string()
    }
}
