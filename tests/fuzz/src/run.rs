//! Records, and a pipeline that runs them: no real time, no chance, one thread, so that an input does the same every time.

use std::future::Future;

use serde_json::{Value, json};
use sqs_runtime::{
    Consumer, Delivery,
    batch::{Batch, Record},
    run::{Pipeline, Report},
    testkit::{self, ManualClock, Seeded},
};
use tokio::runtime::{Builder, Runtime};

thread_local! {
    /// One for the whole process: making one costs more than most inputs do.
    static RUNTIME: Runtime =
        Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
}

/// Drives a future to its end.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// The consumer, ready to run, with nothing that is another at the next run of the same input.
pub(crate) fn pipeline(consumer: Consumer) -> Pipeline {
    Pipeline::for_tests(consumer.clock(ManualClock::new()).random(Seeded::new(0)))
}

/// Runs a batch without a deadline.
pub(crate) fn run(pipeline: &Pipeline, batch: &Batch) -> Report {
    let report = wait(pipeline.run(batch.clone(), pipeline.invocation(None)));
    report.expect("only `single_queue` refuses a batch")
}

/// The event of one message that has this body and was never received before.
pub(crate) fn event_of(body: &str) -> String {
    let record = json!({"messageId": "m-1", "body": body, "attributes": {"ApproximateReceiveCount": "1"}});
    json!({"Records": [record]}).to_string()
}

/// The record of such an event.
pub(crate) fn record_of(body: &str) -> Record {
    let batch = Batch::from_json(event_of(body)).expect("a well-formed event");
    batch.record(0).expect("a well-formed record")
}

/// The record on its way to a handler.
pub(crate) fn delivery_of(body: &str) -> Delivery {
    testkit::delivery(record_of(body), None)
}

/// Whether that is what the extended client library leaves in place of a payload, and no payload itself.
pub(crate) fn is_pointer(json: &Value) -> bool {
    let classes =
        ["software.amazon.payloadoffloading.PayloadS3Pointer", "com.amazon.sqs.javamessaging.MessageS3Pointer"];
    json[0].as_str().is_some_and(|class| classes.contains(&class))
}

/// Whether a text may stand in a log line as it is.
pub(crate) fn is_loggable(text: &str) -> bool {
    text.chars().count() < 1_000 && !text.chars().any(char::is_control)
}
