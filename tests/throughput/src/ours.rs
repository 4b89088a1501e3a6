//! The worker, with a handler that does nothing.

use aws_sdk_sqs::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
};
use sqs_runtime::{
    Consumer, Idempotency,
    queue::SqsClient,
    run::{Spawn as _, TokioSpawn, Worker, WorkerConfig},
};
use tokio::sync::oneshot;

/// Receives, runs and deletes until the queue is empty.
pub(crate) async fn consume(url: &str, remembers: bool) -> anyhow::Result<()> {
    // The other consumer's SDK checks digests too.
    let consumer = Consumer::new(nothing).concurrency(100).verify_md5(true);
    let consumer = if remembers { consumer.idempotency(Idempotency::memory()) } else { consumer.without_idempotency() };
    let config = WorkerConfig::new().queue(url).until_empty();
    let worker = Worker::new(consumer, SqsClient::new(client(url)), config)?;
    // Beside `main`, whose own future has a thread apart: waking that for each answer would take half as much again.
    let (tell, told) = oneshot::channel();
    TokioSpawn.spawn(Box::pin(async move { drop(tell.send(worker.run().await)) }));
    Ok(told.await??)
}

async fn nothing() {}

fn client(endpoint: &str) -> Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(Credentials::new("none", "none", None, None, "throughput"))
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .build();
    Client::from_conf(config)
}
