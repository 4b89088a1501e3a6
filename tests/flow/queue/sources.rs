//! The promises of sources of messages: kept by the memory queue, and each noticed where it is broken.

use std::{panic::AssertUnwindSafe, sync::Mutex, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use sqs_runtime::{
    batch::{MessageAttribute, MessageAttributeValue, QueueArn, Record},
    queue::{
        DeadLetter, EntryAnswer, OpenQueue, QueueAttributes, QueueClient, QueueError, QueueName, QueueSource,
        ReceiveRequest, ReceivedMessage, VisibilityChange,
    },
    testkit::{
        ManualClock, MemoryQueue, QueueSettings, SentMessage,
        conformance::sources::{self, MemorySite, Site},
    },
};

const NAMES: [&str; 2] = ["orders", "ledger.fifo"];

fn memory(name: &str) -> MemorySite {
    let clock = ManualClock::new();
    MemorySite::new(MemoryQueue::new(QueueSettings::new(name), clock.clone()), clock)
}

#[tokio::test]
async fn the_memory_queue_keeps_every_promise() {
    for name in NAMES {
        sources::all(&memory(name)).await;
    }
}

/// A source with one thing wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slip {
    FindsAnother,
    KnowsNoPolicy,
    FindsEverything,
    ReceivesFromEverything,
    DeniesNothing,
    FailsWhereNothingIs,
    WaitsForNothing,
    AsksForTen,
    HidesForTheQueuesTime,
    HidesNothing,
    CountsNothing,
    HasOneReceipt,
    TrimsBodies,
    KnowsNoDigests,
    KnowsNoTimes,
    KnowsNoAttributes,
    TakesBytesForText,
    KnowsNoGroups,
    KnowsNoDeduplicationIds,
    TurnsGroupsAround,
    KnowsNoAttempts,
}

const SLIPS: [Slip; 21] = [
    Slip::FindsAnother,
    Slip::KnowsNoPolicy,
    Slip::FindsEverything,
    Slip::ReceivesFromEverything,
    Slip::DeniesNothing,
    Slip::FailsWhereNothingIs,
    Slip::WaitsForNothing,
    Slip::AsksForTen,
    Slip::HidesForTheQueuesTime,
    Slip::HidesNothing,
    Slip::CountsNothing,
    Slip::HasOneReceipt,
    Slip::TrimsBodies,
    Slip::KnowsNoDigests,
    Slip::KnowsNoTimes,
    Slip::KnowsNoAttributes,
    Slip::TakesBytesForText,
    Slip::KnowsNoGroups,
    Slip::KnowsNoDeduplicationIds,
    Slip::TurnsGroupsAround,
    Slip::KnowsNoAttempts,
];

struct Slipped {
    site: MemorySite,
    slip: Slip,
    knows_attempts: bool,
    /// The first receipt that anybody got.
    first: Mutex<Option<String>>,
}

impl Slipped {
    fn new(name: &str, slip: Slip) -> Self {
        Self { site: memory(name), slip, knows_attempts: true, first: Mutex::default() }
    }

    fn asked<'a>(&self, mut request: ReceiveRequest<'a>) -> ReceiveRequest<'a> {
        match self.slip {
            Slip::KnowsNoAttempts => request.attempt = None,
            Slip::WaitsForNothing => request.wait = Duration::ZERO,
            Slip::AsksForTen => request.most = 10,
            Slip::HidesForTheQueuesTime => request.visibility_timeout = Duration::from_secs(180),
            Slip::HidesNothing => request.visibility_timeout = Duration::ZERO,
            _ => {}
        }
        request
    }

    fn forget(&self, messages: &mut [ReceivedMessage], name: &str) {
        messages.iter_mut().for_each(|message| message.attributes.retain(|(of, _)| of != name));
    }

    fn spoil(&self, messages: &mut [ReceivedMessage]) {
        match self.slip {
            Slip::CountsNothing => self.forget(messages, "ApproximateReceiveCount"),
            Slip::KnowsNoTimes => self.forget(messages, "SentTimestamp"),
            Slip::KnowsNoGroups => self.forget(messages, "MessageGroupId"),
            Slip::KnowsNoDeduplicationIds => self.forget(messages, "MessageDeduplicationId"),
            Slip::TurnsGroupsAround => messages.reverse(),
            _ => messages.iter_mut().for_each(|message| self.spoil_one(message)),
        }
    }

    fn spoil_one(&self, message: &mut ReceivedMessage) {
        match self.slip {
            Slip::HasOneReceipt => {
                let mut first = self.first.lock().unwrap();
                message.receipt_handle.clone_from(first.get_or_insert_with(|| message.receipt_handle.clone()));
            }
            Slip::TrimsBodies => message.body = message.body.replace('\n', " "),
            Slip::KnowsNoDigests => (message.md5_of_body, message.md5_of_message_attributes) = (None, None),
            Slip::KnowsNoAttributes => message.message_attributes.clear(),
            Slip::TakesBytesForText => message.message_attributes.iter_mut().for_each(|(_, attribute)| {
                let bytes = attribute.as_bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
                if let Some(text) = bytes {
                    *attribute = MessageAttribute::new("Binary", MessageAttributeValue::String(text.into()));
                }
            }),
            _ => {}
        }
    }
}

type Time = Option<Duration>;

impl QueueClient for Slipped {
    fn attributes<'a>(&'a self, queue: QueueArn<'a>, time: Time) -> BoxFuture<'a, Result<QueueAttributes, QueueError>> {
        self.site.source().attributes(queue, time)
    }

    fn change_visibility<'a>(
        &'a self,
        queue: QueueArn<'a>,
        changes: &'a [VisibilityChange],
        time: Time,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        self.site.source().change_visibility(queue, changes, time)
    }

    fn send<'a>(&'a self, to: QueueName<'a>, letters: &'a [DeadLetter], time: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        self.site.source().send(to, letters, time)
    }

    fn delete<'a>(&'a self, queue: QueueArn<'a>, records: &'a [Record], time: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        self.site.source().delete(queue, records, time)
    }
}

impl QueueSource for Slipped {
    fn open<'a>(&'a self, queue: QueueName<'a>) -> BoxFuture<'a, Result<OpenQueue, QueueError>> {
        Box::pin(async move {
            match (self.slip, self.site.source().open(queue).await) {
                (Slip::FindsAnother, Ok(open)) => {
                    Ok(OpenQueue::new("arn:aws:sqs:eu-west-1:123456789012:another", open.attributes))
                }
                (Slip::KnowsNoPolicy, Ok(mut open)) => {
                    open.attributes.redrive_policy = None;
                    Ok(open)
                }
                (Slip::FindsEverything, Err(_)) => Ok(OpenQueue::new("none", QueueAttributes::default())),
                (Slip::DeniesNothing, Err(error)) => Err(QueueError::new(error)),
                (_, answer) => answer,
            }
        })
    }

    fn receive<'a>(
        &'a self,
        queue: QueueArn<'a>,
        request: ReceiveRequest<'a>,
    ) -> BoxFuture<'a, Result<Vec<ReceivedMessage>, QueueError>> {
        let asked = self.asked(request);
        Box::pin(async move {
            let mut messages = match (self.slip, self.site.source().receive(queue, asked).await) {
                (Slip::ReceivesFromEverything, Err(_)) => return Ok(Vec::new()),
                (_, answer) => answer?,
            };
            if self.slip == Slip::FailsWhereNothingIs && messages.is_empty() {
                return Err(QueueError::new("there is nothing"));
            }
            self.spoil(&mut messages);
            Ok(messages)
        })
    }
}

impl Site for Slipped {
    fn source(&self) -> &dyn QueueSource {
        self
    }

    fn arn(&self) -> String {
        self.site.arn()
    }

    fn url(&self) -> Option<String> {
        self.site.url()
    }

    fn send(&self, message: SentMessage) -> BoxFuture<'_, ()> {
        Site::send(&self.site, message)
    }

    fn knows_attempts(&self) -> bool {
        self.knows_attempts
    }

    fn pass(&self, time: Duration) -> BoxFuture<'_, ()> {
        self.site.pass(time)
    }
}

#[tokio::test]
async fn every_slip_breaks_a_promise() {
    for slip in SLIPS {
        let mut is_noticed = false;
        for name in NAMES {
            let tried = AssertUnwindSafe(sources::all(&Slipped::new(name, slip))).catch_unwind().await;
            is_noticed |= tried.is_err();
        }
        assert!(is_noticed, "{slip:?} breaks no promise");
    }
}

/// Such as a server that stands in for SQS, of which its site says so.
#[tokio::test]
async fn a_queue_may_know_no_attempts_where_its_site_says_so() {
    for name in NAMES {
        let site = Slipped { knows_attempts: false, ..Slipped::new(name, Slip::KnowsNoAttempts) };
        sources::all(&site).await;
    }
}
