//! `orders status`: where an order stands.

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use lexopt::prelude::*;
use serde_json::json;
use sqs_runtime::{
    Idempotency,
    batch::{Batch, Record},
    claim::{RowState, RowStatus},
};

use super::{Stop, arguments::required, say};
use crate::{by_order, tables::Names};

const USAGE: &str = "\
Shows where an order stands, by its row in IDEMPOTENCY_TABLE.

usage: orders status ORDER-ID [--queue NAME]

  --queue NAME  the queue that orders come from, by which keys are kept apart (default: orders); not used where
                IDEMPOTENCY_NAMESPACE is set

Standard output, one line: `queued` (nothing is known: not begun, or never sent), `processing since T`, `waiting since T`
(failed, to be tried again), `done at T` or `rejected at T: WHY`.
";

pub(super) async fn main(mut command_line: lexopt::Parser) -> Result<(), Stop> {
    let (mut order_id, mut queue) = (None, "orders".to_owned());
    while let Some(argument) = command_line.next()? {
        match argument {
            Value(id) if order_id.is_none() => order_id = Some(id.string()?),
            Long("queue") => queue = command_line.value()?.string()?,
            Long("help") | Short('h') => return Err(Stop::Help(USAGE)),
            other => return Err(other.unexpected().into()),
        }
    }
    let order_id = required(order_id, "ORDER-ID")?;
    if Names::from_env().idempotency.is_none() {
        return Err(Stop::failed("no table is named: set IDEMPOTENCY_TABLE"));
    }
    let idempotency = by_order(Idempotency::from_env().await.map_err(Stop::failed)?);
    let key = idempotency.key_of(&record_of(&order_id, &queue)?).map_err(Stop::failed)?;
    say(line(idempotency.status(&key).await.map_err(Stop::failed)?.as_ref()))
}

/// A record with this order, from that queue: its key is the order's.
fn record_of(order_id: &str, queue: &str) -> Result<Record, Stop> {
    let body = json!({ "orderId": order_id }).to_string();
    let arn = format!("arn:aws:sqs:eu-west-1:123456789012:{queue}");
    let event = json!({"Records": [{"messageId": "m-1", "body": body, "eventSourceARN": arn}]}).to_string();
    Batch::from_json(event).map_err(Stop::failed)?.record(0).map_err(Stop::failed)
}

fn line(state: Option<&RowState>) -> String {
    let Some(state) = state else { return "queued".to_owned() };
    let since = time(state.since_ms);
    match &state.status {
        RowStatus::InProgress { .. } => format!("processing since {since}"),
        RowStatus::Completed { .. } => format!("done at {since}"),
        RowStatus::Rejected { error } => {
            format!("rejected at {since}: {}", error.as_deref().unwrap_or("no reason is known"))
        }
        _ => format!("waiting since {since}"),
    }
}

fn time(epoch_ms: u64) -> String {
    let time = i64::try_from(epoch_ms).map(DateTime::from_millis);
    time.ok().and_then(|time| time.fmt(DateTimeFormat::DateTime).ok()).unwrap_or_else(|| epoch_ms.to_string())
}

#[cfg(test)]
mod tests {
    use sqs_runtime::claim::PayloadHash;

    use super::*;

    #[test]
    fn each_status_has_its_line() {
        let state = |status| RowState::new(status, 1_800_000_000_123, 1_900_000_000, PayloadHash::of(b"x"));
        let rejected = |error: Option<&str>| RowStatus::Rejected { error: error.map(Into::into) };
        let lines = [
            (RowStatus::InProgress { lease_expires_at_ms: 0 }, "processing since 2027-01-15T08:00:00.123Z"),
            (RowStatus::Completed { result: Default::default() }, "done at 2027-01-15T08:00:00.123Z"),
            (RowStatus::Released, "waiting since 2027-01-15T08:00:00.123Z"),
            (rejected(Some("declined")), "rejected at 2027-01-15T08:00:00.123Z: declined"),
        ];
        for (status, expected) in lines {
            assert_eq!(line(Some(&state(status))), expected);
        }
        assert_eq!(line(None), "queued");
    }
}
