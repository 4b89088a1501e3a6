//! How many instructions one event costs: through the pipeline, and written by hand.
//!
//! `.ci/instructions` runs this program under callgrind and compares the two. Run without arguments, as `cargo bench` does, it
//! checks that both give the same answer to the same event.
//!
//! ```text
//! instructions ours|floor RECORDS ITERATIONS
//! ```

use std::{error::Error as StdError, fmt::Write as _, hint::black_box, time::Duration};

use anyhow::{Context as _, bail, ensure};
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use futures_util::future::join_all;
use serde::Deserialize;
use sqs_runtime::{Consumer, Failure, batch::Batch, extract::Json, run::Pipeline};
use tokio::runtime::{Builder, Runtime};

fn main() -> anyhow::Result<()> {
    // `cargo bench` adds a `--bench` of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        [] => [1, 10, 100].into_iter().try_for_each(check),
        [which, records, iterations] => {
            let event = event(records.parse().context("RECORDS")?)?;
            let iterations: u32 = iterations.parse().context("ITERATIONS")?;
            match which {
                "ours" => ours(&event, iterations).map(drop),
                "floor" => floor(&event, iterations).map(drop),
                other => bail!("`{other}` is neither `ours` nor `floor`"),
            }
        }
        _ => bail!("expected: ours|floor RECORDS ITERATIONS"),
    }
}

/// Two programs are compared only if they do the same work.
fn check(records: usize) -> anyhow::Result<()> {
    let event = event(records)?;
    let (ours, floor) = (ours(&event, 1)?, floor(&event, 1)?);
    let failures: SqsBatchResponse = serde_json::from_slice(&floor)?;
    ensure!(failures.batch_item_failures.len() == records.div_ceil(10), "one record of ten fails");
    ensure!(ours == floor, "the answers to {records} records differ");
    Ok(())
}

/// One thread, on which every task runs in turn: with several, who wakes whom and who steals from whom differs from run to run,
/// and so does the count.
fn runtime() -> anyhow::Result<Runtime> {
    Ok(Builder::new_current_thread().enable_time().build()?)
}

// ---- ours

/// Through the pipeline, from the event's bytes to the answer's.
fn ours(event: &[u8], iterations: u32) -> anyhow::Result<Vec<u8>> {
    let pipeline = Pipeline::new(Consumer::new(place).without_idempotency())?;
    runtime()?.block_on(async {
        let mut answer = Vec::new();
        for _ in 0..iterations {
            answer = black_box(ours_once(&pipeline, black_box(event)).await?);
        }
        Ok(answer)
    })
}

async fn ours_once(pipeline: &Pipeline, event: &[u8]) -> anyhow::Result<Vec<u8>> {
    let invocation = pipeline.invocation(Some(Duration::from_secs(30)));
    let report = pipeline.run(Batch::from_slice(event)?, invocation).await?;
    Ok(report.response()?.to_json().into_bytes())
}

async fn place(Json(order): Json<Order>) -> Result<(), Failure> {
    total_is_right(&order).map_err(Failure::reject)
}

// ---- floor

/// The least that a careful function does without this crate: the event as a type, one future for each record, all of them at
/// once, a partial batch response. No panic is caught, nothing is logged, no deadline is kept, and one record that does not fit
/// the type fails the whole batch.
fn floor(event: &[u8], iterations: u32) -> anyhow::Result<Vec<u8>> {
    runtime()?.block_on(async {
        let mut answer = Vec::new();
        for _ in 0..iterations {
            answer = black_box(floor_once(black_box(event)).await?);
        }
        Ok(answer)
    })
}

async fn floor_once(event: &[u8]) -> anyhow::Result<Vec<u8>> {
    let event: SqsEvent = serde_json::from_slice(event)?;
    let handled = event.records.into_iter().map(|message| async move {
        let result = place_by_hand(message.body.as_deref()).await;
        (message.message_id, result)
    });
    let mut response = SqsBatchResponse::default();
    for (message_id, result) in join_all(handled).await {
        if result.is_err() {
            response.add_failure(message_id.unwrap_or_default());
        }
    }
    Ok(serde_json::to_vec(&response)?)
}

async fn place_by_hand(body: Option<&str>) -> Result<(), Box<dyn StdError + Send + Sync>> {
    let order: Order = serde_json::from_str(body.ok_or("no body")?)?;
    total_is_right(&order)?;
    Ok(())
}

// ---- what both do to a message

#[derive(Deserialize)]
struct Order {
    order_id: String,
    customer: String,
    currency: String,
    items: Vec<Item>,
    note: Option<String>,
    total_cents: u64,
}

#[derive(Deserialize)]
struct Item {
    sku: String,
    quantity: u64,
    cents: u64,
}

/// Looks at every field, so that none can be left out of the decoding.
fn total_is_right(order: &Order) -> Result<(), &'static str> {
    let names = [&order.order_id, &order.customer, &order.currency];
    if names.into_iter().chain(order.items.iter().map(|item| &item.sku)).chain(&order.note).any(String::is_empty) {
        return Err("the order has an empty name");
    }
    let total: u64 = order.items.iter().map(|item| item.quantity * item.cents).sum();
    if total == order.total_cents { Ok(()) } else { Err("the total is not the sum of the items") }
}

// ---- the event

/// An event as Lambda's event source mapping sends it, from a standard queue. The total of every tenth order is wrong.
fn event(records: usize) -> anyhow::Result<Vec<u8>> {
    let mut event = String::from(r#"{"Records":["#);
    for index in 0..records {
        if index > 0 {
            event.push(',');
        }
        record(&mut event, index)?;
    }
    event.push_str("]}");
    Ok(event.into_bytes())
}

fn record(event: &mut String, index: usize) -> anyhow::Result<()> {
    let body = serde_json::to_string(&body(index))?;
    let (low, high) = (index % 0x1_0000, 0x9e37_79b9_usize.wrapping_mul(index + 1) % 0x1_0000_0000);
    let handle = "AQEBzWwaftRI0KuVm4tP+/7q1rGgNqicHq".repeat(5);
    let sent = 1_763_000_000_000 + index;
    write!(event, r#"{{"messageId":"{high:08x}-91b2-4a7e-8f3d-c5a60d1e{low:04x}","#)?;
    write!(event, r#""receiptHandle":"{handle}{high:08x}=","body":{body},"#)?;
    write!(event, r#""attributes":{{"ApproximateReceiveCount":"1","SentTimestamp":"{sent}","#)?;
    write!(event, r#""SenderId":"AROA4EXAMPLE4EXAMPLE4:orders-api","#)?;
    write!(event, r#""ApproximateFirstReceiveTimestamp":"{}"}},"messageAttributes":{{}},"#, sent + 12)?;
    write!(event, r#""md5OfBody":"{high:08x}e4e68fb7bd0e697a0ae8{low:04x}","eventSource":"aws:sqs","#)?;
    write!(event, r#""eventSourceARN":"arn:aws:sqs:eu-central-1:123456789012:orders","awsRegion":"eu-central-1"}}"#)?;
    Ok(())
}

/// JSON of about 350 bytes, with quotes to escape once more in the event.
fn body(index: usize) -> String {
    let total = 2 * 1_299 + 3 * 450 + 4_990 + usize::from(index.is_multiple_of(10));
    format!(
        r#"{{"order_id":"ord-{index:08}","customer":"cus_7fQ2mX9Lb4","currency":"EUR","items":[{{"sku":"TEA-GREEN-250","quantity":2,"cents":1299}},{{"sku":"FILTER-PAPER-100","quantity":3,"cents":450}},{{"sku":"TEAPOT-GLASS-1L","quantity":1,"cents":4990}}],"note":"Please leave the parcel with the neighbours on the second floor; the bell is broken.","total_cents":{total}}}"#
    )
}
