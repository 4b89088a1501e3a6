//! What drives a batch through the stages: on Lambda, from the command line, in a test.

mod command;
mod hosts;
#[cfg(feature = "lambda")]
mod lambda;
#[cfg(feature = "logs")]
pub mod logs;
mod pipeline;
mod record;
mod replay;
#[cfg(any(feature = "lambda", feature = "otel", all(feature = "worker", feature = "sqs", feature = "env")))]
mod service;
#[cfg(any(feature = "lambda", all(feature = "worker", feature = "sqs", feature = "env")))]
mod sinks;
mod spawn;
#[cfg(all(feature = "lambda", feature = "sqs", feature = "env"))]
mod telling;
mod ticker;
#[cfg(feature = "otel")]
mod traces;
pub(crate) mod utc;
#[cfg(any(feature = "lambda", all(feature = "worker", feature = "sqs", feature = "env")))]
mod warm;
#[cfg(feature = "worker")]
mod worker;

#[cfg(feature = "worker")]
pub use self::worker::{HealthAddress, Worker, WorkerConfig, WorkerHandle, WorkerQueue, WorkerStats};
pub use self::{
    hosts::Hosts,
    pipeline::{FailsWhen, LastWord, Pipeline, RecordReport, Report},
    record::Fixtures,
    replay::{Replay, Replayed},
    spawn::{Spawn, TokioSpawn},
};
#[cfg(feature = "lambda")]
pub use self::{hosts::LambdaConfig, lambda::LambdaService};
pub(crate) use self::{
    pipeline::{Slips, Witness},
    spawn::Spawner,
};

#[cfg(feature = "otel")]
use crate::trace::otlp::Traces;
use crate::{Consumer, Error, error::Kind};

/// Runs the consumer where it was started: on Lambda as a function behind an SQS event source mapping, elsewhere as a
/// command line that receives messages itself or replays recorded events.
///
/// ```text
/// my-consumer worker --queue-url URL... [--concurrency N] [--until-empty] [--drain SECONDS] [--max-duration SECONDS]
/// my-consumer replay FILE... [--redeliver N] [--deadline-ms N]
/// ```
///
/// `worker` needs the features `worker`, `sqs` and `env`: it takes credentials, region and endpoint as every AWS SDK does, and ends on
/// SIGTERM and SIGINT. [The page on workers](crate::guide::worker) has the rest.
///
/// `replay` writes one line for each event on standard output, the partial batch response, and a table for people on
/// standard error. No queue is told of what is replayed. The process then ends: with code 0 where every event got a response, with code 2 where one could not be
/// answered or the command line was not understood.
///
/// On Lambda and as a worker, where `SQS_RUNTIME_RECORD` names a folder, each event is written there as a redacted file that `replay`
/// reads (`LambdaConfig::record_events`).
///
/// With the features `sqs` and `env` a consumer that says nothing about its [`queue`](Consumer::queue) tells it about failures as the
/// environment has it, [`Queue::from_env`](crate::queue::Queue::from_env), on Lambda and as a worker. Where the role may not, one warning
/// says so. [`Consumer::without_queue`] turns it off.
///
/// `SQS_RUNTIME_CONCURRENCY` in the environment is how many messages may run at a time. It wins over
/// [`Consumer::concurrency`], so that whoever operates the program can change it without a build. The other variables are in
/// [the table](crate::guide::deploying#settings-by-environment).
///
/// With the feature `logs` a log subscriber is installed, unless the program has one.
///
/// # Errors
///
/// If the consumer says nothing about idempotency and is started on Lambda or as a worker, if a worker's queue cannot be received
/// from, if `SQS_RUNTIME_CONCURRENCY` is no number of messages, or if the Lambda runtime stops.
pub async fn run(consumer: Consumer) -> Result<(), Error> {
    run_with(consumer, Hosts::new()).await
}

/// As [`run`], with settings for the hosts.
///
/// # Errors
///
/// As [`run`].
pub async fn run_with(consumer: Consumer, hosts: Hosts) -> Result<(), Error> {
    let on_lambda = is_on_lambda();
    #[cfg(feature = "otel")]
    let traces = traces::install();
    #[cfg(all(feature = "logs", not(feature = "otel")))]
    logs::install();
    warn_of_abort();
    let consumer = with_concurrency_from_env(consumer)?;
    if on_lambda {
        #[cfg(all(feature = "lambda", feature = "otel"))]
        let hosts = Hosts { lambda: hosts.lambda.exports(traces), ..hosts };
        return serve_lambda(consumer, hosts).await;
    }
    let ended = command::main(consumer, hosts).await;
    #[cfg(feature = "otel")]
    traces.iter().for_each(Traces::end);
    match ended? {
        0 => Ok(()),
        code => std::process::exit(code),
    }
}

#[cfg(feature = "lambda")]
async fn serve_lambda(consumer: Consumer, hosts: Hosts) -> Result<(), Error> {
    #[cfg(all(feature = "sqs", feature = "env"))]
    let consumer = telling::with_queue(consumer)?;
    warm::warm(&consumer).await;
    lambda::serve(Pipeline::new(sinks::with_sinks(consumer)?)?, hosts.lambda).await
}

#[cfg(not(feature = "lambda"))]
async fn serve_lambda(_: Consumer, _: Hosts) -> Result<(), Error> {
    Err(Kind::Usage("started on Lambda, but built without the feature `lambda`".into()).into())
}

/// Lambda sets this for every runtime, and so do local emulators.
#[expect(clippy::disallowed_methods, reason = "which host started us stands in the environment")]
fn is_on_lambda() -> bool {
    std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}

#[expect(clippy::disallowed_methods, reason = "whoever operates the program sets this in its environment")]
fn with_concurrency_from_env(consumer: Consumer) -> Result<Consumer, Error> {
    const NAME: &str = "SQS_RUNTIME_CONCURRENCY";
    let Some(value) = std::env::var_os(NAME).filter(|value| !value.is_empty()) else { return Ok(consumer) };
    match value.to_str().and_then(|value| value.parse().ok()) {
        Some(0) | None => Err(Kind::Settings(format!("{NAME} has to be a number of messages, 1 or more")).into()),
        Some(limit) => Ok(consumer.concurrency(limit)),
    }
}

fn warn_of_abort() {
    if cfg!(panic = "abort") {
        tracing::warn!(
            "built with panic = \"abort\": one panicking message fails its whole batch; \
             set `panic = \"unwind\"` under [profile.release] in the workspace's Cargo.toml"
        );
    }
}
