//! Messages that end the process: by an abort, a stack overflow, and by running out of memory.

use std::{os::unix::process::ExitStatusExt as _, time::Duration};

use sqs_runtime::{
    batch::{QueueArn, Record},
    queue::QueueClient as _,
    testkit::{ManualClock, MemoryQueue, QueueSettings, SentMessage, event::Event},
};

use super::{
    events::{ABORT, OVERFLOW, RUN_OUT, SUCCEED},
    fake_runtime_api::Invocation,
    function::Function,
};

/// What every process is started with: no claims, so that only receive counts say what may be poison.
const SETTINGS: [(&str, &str); 2] = [("CONSUMER_IDEMPOTENCY", "none"), ("CONSUMER_QUEUE", "says")];

const GOOD: usize = 4;

/// A queue, what has become of its messages, and of the processes that were given them.
struct Play {
    queue: MemoryQueue,
    clock: ManualClock,
    /// By which signal each process ended, and what it wrote.
    ends: Vec<(Option<i32>, Vec<String>)>,
}

impl Play {
    /// Good messages, and the poison in their middle.
    fn new(poison: &str) -> Self {
        let clock = ManualClock::new();
        let queue = MemoryQueue::new(QueueSettings::new("orders"), clock.clone());
        let bodies = [SUCCEED; GOOD / 2].into_iter().chain([poison]).chain([SUCCEED; GOOD / 2]);
        bodies.for_each(|body| drop(queue.enqueue(SentMessage::new(body))));
        Self { queue, clock, ends: Vec::new() }
    }

    /// Invokes until the queue has nothing left.
    async fn run(&mut self) -> anyhow::Result<()> {
        let mut function = None;
        while !self.queue.is_empty() {
            let Some(event) = self.queue.receive(10) else {
                self.clock.advance(Duration::from_secs(180));
                continue;
            };
            let process = match function.take() {
                Some(process) => process,
                None => Function::start(&SETTINGS).await?,
            };
            match process.survives(Invocation::new(event.to_json())).await? {
                Ok((answer, process)) => {
                    let failed = answer.failed_ids()?;
                    self.delete(&event, |id| !failed.iter().any(|failed| failed == id)).await;
                    function = Some(process);
                }
                Err((status, written)) => {
                    self.delete(&event, |id| written.contains(&format!("deleted {id}"))).await;
                    self.ends.push((status.signal(), written));
                }
            }
        }
        Ok(())
    }

    /// Deletes what is done of an event.
    async fn delete(&self, event: &Event, is_done: impl Fn(&str) -> bool) {
        let batch = event.to_batch();
        let records: Vec<Record> = batch.records().filter_map(Result::ok).collect();
        let done: Vec<Record> = records.into_iter().filter(|record| is_done(record.message_id())).collect();
        let queue = QueueArn::new(event.queue_arn());
        self.queue.delete(queue, &done, None).await;
    }
}

/// It spends all of its receives and goes to the dead-letter queue, and nothing that came with it does.
#[tokio::test]
async fn a_message_that_ends_the_process_takes_no_other_along() -> anyhow::Result<()> {
    const SIGABRT: i32 = 6;
    for (poison, says) in [(ABORT, ""), (OVERFLOW, "overflowed its stack"), (RUN_OUT, "memory allocation of")] {
        let mut play = Play::new(poison);
        play.run().await?;
        assert_eq!((play.ends.len(), play.queue.moved()), (5, 1), "{poison}: {:?}", play.ends);
        for (signal, written) in &play.ends {
            assert_eq!(*signal, Some(SIGABRT), "{poison}: {written:?}");
            assert!(written.iter().any(|line| line.contains(says)) || says.is_empty(), "{poison}: {written:?}");
        }
    }
    Ok(())
}
