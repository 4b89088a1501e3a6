//! The program: on Lambda a function, elsewhere a command line.

use std::error::Error;

use ledger::{Balances, consumer};
use sqs_runtime::{Idempotency, queue::Queue};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let balances = Balances::from_env()?;
    let consumer = consumer(Idempotency::from_env().await?, balances).queue(Queue::from_env().await?);
    Ok(sqs_runtime::run(consumer).await?)
}
