//! The gap: a process that is killed while it sends, with its claims in a table that outlives it.

use std::{
    pin::Pin,
    process::Stdio,
    time::{Duration, SystemTime},
};

use confirmations::consumer;
use dynoxide::{Database, server};
use sqs_runtime::{
    Clock, Idempotency, SystemClock,
    claim::dynamodb::{DynamoDbStore, Table},
    run::{Pipeline, Spawn, TokioSpawn},
};
use tokio::{
    io::AsyncWriteExt,
    net::TcpListener,
    process::{Child, Command},
};

use crate::{
    dynamodb, event,
    receiver::{Manner, Receiver},
};

const TABLE: &str = "idempotency";

/// A DynamoDB in this process, with the table.
async fn endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    TokioSpawn.spawn(Box::pin(server::serve_on(listener, Database::memory().expect("a database"))));
    dynamodb::create_table(&dynamodb::client(&endpoint), TABLE, &["id"]).await;
    endpoint
}

/// The program, with the event on its standard input.
async fn process(endpoint: &str, receiver: &Receiver) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_confirmations"))
        .args(["replay", "-"])
        .env_clear()
        .env("RUST_BACKTRACE", "0")
        .env("SMTP_URL", receiver.url())
        .env("IDEMPOTENCY_TABLE", TABLE)
        .env("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "none")
        .env("AWS_SECRET_ACCESS_KEY", "none")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    child.stdin.take().expect("piped").write_all(event().as_bytes()).await.expect("read to the end");
    child
}

/// The machine's clock, set forward past the end of a lease: 60 s, and what clocks may differ by.
struct AfterTheLease(SystemClock);

impl Clock for AfterTheLease {
    fn wall(&self) -> SystemTime {
        self.0.wall() + Duration::from_secs(90)
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.0.sleep(duration)
    }
}

/// How the message ends when it is delivered once more, after the lease of the process that died.
async fn after_the_lease(endpoint: &str, receiver: &Receiver) -> &'static str {
    let clock = || AfterTheLease(SystemClock::new());
    let store = DynamoDbStore::new(dynamodb::client(endpoint), Table::new(TABLE)).clock(clock());
    let consumer = consumer(Idempotency::new(store), receiver.server()).clock(clock());
    let pipeline = Pipeline::new(consumer).expect("a store is named");
    let report = pipeline.run_event(event(), pipeline.invocation(None)).await.expect("an SQS event");
    report.outcome(0).expect("one record").name()
}

/// Another process, at once: the lease still stands, so it sends nothing.
async fn held_back_by_the_lease(endpoint: &str, receiver: &Receiver) {
    let output = process(endpoint, receiver).await.wait_with_output().await.expect("ends");
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(log.contains("1 records: 1 in progress elsewhere"), "{log}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"batchItemFailures\":[{\"itemIdentifier\":\"m-1\"}]}\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_after_the_send_repeats_the_mail_with_the_same_message_id() {
    let endpoint = endpoint().await;
    let receiver = Receiver::start([Manner::TakeAndHoldBack]).await;
    let mut sends = process(&endpoint, &receiver).await;
    receiver.took(1).await;
    sends.kill().await.expect("it ran until now");

    held_back_by_the_lease(&endpoint, &receiver).await;
    assert_eq!(receiver.mails().len(), 1);

    assert_eq!(after_the_lease(&endpoint, &receiver).await, "done");
    assert_eq!(after_the_lease(&endpoint, &receiver).await, "already done");
    let mails = receiver.mails();
    assert_eq!(mails.len(), 2, "the customer has the mail twice");
    assert_eq!(mails[0].to, mails[1].to);
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_before_the_send_loses_no_mail() {
    let endpoint = endpoint().await;
    let receiver = Receiver::start([Manner::SayNothing]).await;
    let mut connects = process(&endpoint, &receiver).await;
    receiver.met(1).await;
    connects.kill().await.expect("it ran until now");

    held_back_by_the_lease(&endpoint, &receiver).await;
    assert_eq!(receiver.mails().len(), 0);

    assert_eq!(after_the_lease(&endpoint, &receiver).await, "done");
    assert_eq!(after_the_lease(&endpoint, &receiver).await, "already done");
    assert_eq!(receiver.mails().len(), 1);
}
