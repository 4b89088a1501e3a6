//! The program: on Lambda a function, elsewhere a command line.

use std::{env, error::Error};

use sqs_runtime::{
    Idempotency,
    queue::Queue,
    run::{Hosts, LambdaConfig, Report},
};
use webhooks::{Courier, Subscribers, consumer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let courier = Courier::new(Subscribers::parse(&setting("SUBSCRIBERS"))?)?;
    let queue = Queue::from_env().await?;
    // The table that IDEMPOTENCY_TABLE names; memory for `replay` where it names none.
    let consumer = consumer(Idempotency::from_env().await?, courier).queue(queue);
    let hosts = Hosts::new().lambda(LambdaConfig::new().fail_invocation_when(nobody_was_reached));
    Ok(sqs_runtime::run_with(consumer, hosts).await?)
}

/// One subscriber that is down must not slow the others.
fn nobody_was_reached(report: &Report) -> bool {
    report.all_failed() && report.has_shared_failure()
}

/// Empty where it is not set.
#[expect(clippy::disallowed_methods, reason = "the program's settings stand in its environment")]
fn setting(name: &str) -> String {
    env::var_os(name).unwrap_or_default().to_string_lossy().into_owned()
}
