//! The promises of queue clients: kept by the memory queue, and each noticed where it is broken.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use sqs_runtime::{
    batch::{Batch, QueueArn, Record},
    queue::{DeadLetter, EntryAnswer, QueueAttributes, QueueClient, QueueError, QueueName, VisibilityChange},
    testkit::{
        ManualClock, MemoryQueue, QueueSettings,
        conformance::queues::{self, MemorySite, Site},
    },
};

#[tokio::test]
async fn the_memory_queue_keeps_every_promise() {
    for name in ["orders", "ledger.fifo"] {
        queues::all(&MemorySite::new(MemoryQueue::new(QueueSettings::new(name), ManualClock::new()))).await;
    }
}

/// A client with one thing wrong.
#[derive(Clone, Copy, Debug)]
enum Slip {
    ClampsTheTime,
    HidesNothing,
    DeletesNothing,
    DeletesOnce,
    TakesEverythingForLost,
    AnswersOnce,
    AnswersAllAlike,
    SendsNothing,
    KnowsNoPolicy,
    DeniesNothing,
}

const SLIPS: [Slip; 10] = [
    Slip::ClampsTheTime,
    Slip::HidesNothing,
    Slip::DeletesNothing,
    Slip::DeletesOnce,
    Slip::TakesEverythingForLost,
    Slip::AnswersOnce,
    Slip::AnswersAllAlike,
    Slip::SendsNothing,
    Slip::KnowsNoPolicy,
    Slip::DeniesNothing,
];

struct Slipped {
    site: MemorySite,
    slip: Slip,
}

type Time = Option<Duration>;

fn alike(answers: Vec<EntryAnswer>) -> Vec<EntryAnswer> {
    let is_ok = answers.iter().all(Result::is_ok);
    answers.iter().map(|_| if is_ok { Ok(()) } else { Err(QueueError::new("one of them failed")) }).collect()
}

impl QueueClient for Slipped {
    fn attributes<'a>(&'a self, queue: QueueArn<'a>, time: Time) -> BoxFuture<'a, Result<QueueAttributes, QueueError>> {
        Box::pin(async move {
            match (self.slip, self.site.client().attributes(queue, time).await) {
                (Slip::KnowsNoPolicy, Ok(mut attributes)) => {
                    attributes.redrive_policy = None;
                    Ok(attributes)
                }
                (Slip::DeniesNothing, Err(error)) => Err(QueueError::new(error)),
                (_, answer) => answer,
            }
        })
    }

    fn change_visibility<'a>(
        &'a self,
        queue: QueueArn<'a>,
        changes: &'a [VisibilityChange],
        time: Time,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        Box::pin(async move {
            let mut changes = changes.to_vec();
            match self.slip {
                Slip::ClampsTheTime => {
                    let most = Duration::from_secs(12 * 3_600);
                    changes.iter_mut().for_each(|change| change.timeout = change.timeout.min(most));
                }
                Slip::HidesNothing => changes.iter_mut().for_each(|change| change.timeout = Duration::ZERO),
                _ => {}
            }
            let mut answers = self.site.client().change_visibility(queue, &changes, time).await;
            match self.slip {
                Slip::AnswersOnce => answers.truncate(1),
                Slip::AnswersAllAlike => answers = alike(answers),
                Slip::TakesEverythingForLost => {
                    answers.iter_mut().for_each(|answer| *answer = Err(QueueError::lost("lost")));
                }
                _ => {}
            }
            answers
        })
    }

    fn send<'a>(&'a self, to: QueueName<'a>, letters: &'a [DeadLetter], time: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        match self.slip {
            Slip::SendsNothing => Box::pin(async move { letters.iter().map(|_| Ok(())).collect() }),
            _ => self.site.client().send(to, letters, time),
        }
    }

    fn delete<'a>(&'a self, queue: QueueArn<'a>, records: &'a [Record], time: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        Box::pin(async move {
            if matches!(self.slip, Slip::DeletesNothing) {
                return records.iter().map(|_| Ok(())).collect();
            }
            // Once gone, it is not in flight.
            let changes = records
                .iter()
                .map(|record| VisibilityChange { record: record.clone(), timeout: Duration::from_secs(60) });
            let changes: Vec<_> = changes.collect();
            let are_there = self.site.client().change_visibility(queue, &changes, time).await;
            let answers = self.site.client().delete(queue, records, time).await;
            if matches!(self.slip, Slip::DeletesOnce) { are_there } else { answers }
        })
    }
}

impl Site for Slipped {
    fn client(&self) -> &dyn QueueClient {
        self
    }

    fn arn(&self) -> String {
        self.site.arn()
    }

    fn send<'a>(&'a self, body: &'a str) -> BoxFuture<'a, ()> {
        Site::send(&self.site, body)
    }

    fn receive(&self) -> BoxFuture<'_, Batch> {
        self.site.receive()
    }

    fn take_dead_letters(&self) -> BoxFuture<'_, Vec<(String, Option<String>)>> {
        self.site.take_dead_letters()
    }
}

#[tokio::test]
async fn every_slip_breaks_a_promise() {
    for slip in SLIPS {
        let site = MemorySite::new(MemoryQueue::new(QueueSettings::new("orders"), ManualClock::new()));
        let tried = AssertUnwindSafe(queues::all(&Slipped { site, slip })).catch_unwind().await;
        assert!(tried.is_err(), "{slip:?} breaks no promise");
    }
}
