//! The program: on Lambda a function, elsewhere a command line.

use std::error::Error;

use confirmations::MailServer;
use sqs_runtime::Idempotency;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = MailServer::from_url(&smtp_url())?;
    // The table that IDEMPOTENCY_TABLE names; memory for `replay` where it names none.
    let idempotency = Idempotency::from_env().await?;
    Ok(sqs_runtime::run(confirmations::consumer(idempotency, server)).await?)
}

/// Empty where it is not set: no mail server is a good guess.
#[expect(clippy::disallowed_methods, reason = "a program reads its own settings")]
fn smtp_url() -> String {
    std::env::var_os("SMTP_URL").unwrap_or_default().to_string_lossy().into_owned()
}
