//! How many instructions one event costs: through the pipeline, and written by hand.
//!
//! `.ci/instructions` runs this program under callgrind and compares the two. Run without arguments, as `cargo bench` does, it
//! checks that both give the same answer to the same event.
//!
//! ```text
//! instructions ours|floor RECORDS ITERATIONS
//! ```

pub mod work;

use std::{error::Error as StdError, hint::black_box, time::Duration};

use anyhow::{Context as _, bail, ensure};
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use futures_util::future::join_all;
use sqs_runtime::{Consumer, Failure, batch::Batch, extract::Json, run::Pipeline};
use tokio::runtime::{Builder, Runtime};

use self::work::order::Order;

fn main() -> anyhow::Result<()> {
    // `cargo bench` adds a `--bench` of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        [] => [1, 10, 100].into_iter().try_for_each(check),
        [which, records, iterations] => {
            let event = event(records.parse().context("RECORDS")?);
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

/// The total of every tenth order is wrong.
fn event(records: usize) -> Vec<u8> {
    work::event::event(0..records, |number| number.is_multiple_of(10)).into_bytes()
}

/// Two programs are compared only if they do the same work.
fn check(records: usize) -> anyhow::Result<()> {
    let event = event(records);
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
    order.place().map_err(Failure::reject)
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
    Ok(order.place()?)
}
