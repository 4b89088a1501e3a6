//! The program: on Lambda a function, elsewhere a command line.

use sqs_runtime::Idempotency;

#[tokio::main]
async fn main() -> Result<(), sqs_runtime::Error> {
    // The table that IDEMPOTENCY_TABLE names; memory for `replay` where it names none.
    let idempotency = Idempotency::from_env().await?;
    sqs_runtime::run(orders::consumer(idempotency)).await
}
