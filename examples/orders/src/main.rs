//! The program: on Lambda a function, elsewhere a command line.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
};

use orders::{HttpProvider, InMemoryProvider, PaymentProvider, PaymentUrlError, Shop, Tables};
use sqs_runtime::Idempotency;

#[tokio::main]
async fn main() -> ExitCode {
    // On Lambda there are no arguments, and this is one comparison.
    if let Some(code) = orders::command::run(lexopt::Parser::from_env()).await {
        return code;
    }
    match consume().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody reads it where standard error is closed.
            let _ = writeln!(io::stderr().lock(), "{error}");
            ExitCode::FAILURE
        }
    }
}

async fn consume() -> Result<(), Box<dyn Error>> {
    let shop = Shop::new(payments()?).tables(Tables::from_env().await?);
    // The table that IDEMPOTENCY_TABLE names; memory for `replay` where it names none.
    let idempotency = Idempotency::from_env().await?;
    // What its queue is told about orders that failed is in the environment, too.
    Ok(sqs_runtime::run(orders::consumer_of(shop, idempotency)).await?)
}

/// The provider that PAYMENT_URL names; one in this process where it names none.
#[expect(clippy::disallowed_methods, reason = "the program's settings stand in its environment")]
fn payments() -> Result<Arc<dyn PaymentProvider>, PaymentUrlError> {
    match std::env::var("PAYMENT_URL").ok().filter(|url| !url.is_empty()) {
        Some(url) => Ok(Arc::new(HttpProvider::new(&url)?)),
        None => Ok(Arc::new(InMemoryProvider::new())),
    }
}
