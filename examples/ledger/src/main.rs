//! The program: on Lambda a function, elsewhere a command line.

use std::error::Error;

use ledger::{Balances, consumer};
use sqs_runtime::{Idempotency, queue::Queue};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let balances = Balances::from_env()?;
    let consumer = consumer(Idempotency::from_env().await?, balances);
    // What `replay` reads is over: nothing is sent to the real queue about it.
    let consumer = if is_on_lambda() { consumer.queue(Queue::from_env().await?) } else { consumer };
    Ok(sqs_runtime::run(consumer).await?)
}

/// Lambda sets this for every runtime, and so do local emulators.
#[expect(clippy::disallowed_methods, reason = "which host started the program stands in its environment")]
fn is_on_lambda() -> bool {
    std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}
