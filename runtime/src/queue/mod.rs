//! Stage 7, what we tell SQS about one message: change its visibility, send it to the dead-letter queue, delete it.
//!
//! On Lambda none of it is needed: the event source mapping deletes what the answer does not name. With a [`Queue`] it is done
//! better: a message that failed waits by a policy instead of for the queue's visibility timeout, and one that can never
//! succeed goes to the dead-letter queue at once, with the reason. Whatever SQS refuses here changes no outcome for the worse: the
//! message comes back as it would have without.
//!
//! | in | out |
//! | --- | --- |
//! | the outcome of a record, how long its claim may live | [`Backoff`], the time for which it stays hidden |
//! | a record that was rejected | [`DeadLetter`], the copy with its reason |
//! | both | [`QueueClient`], in calls of at most [`MAX_ENTRIES`] |
//!
//! A worker has to ask for messages too, and does so through a [`QueueSource`].

pub(crate) mod advice;
mod attributes;
mod backoff;
pub(crate) mod calls;
mod client;
mod dead_letter;
#[cfg(all(feature = "env", feature = "sqs"))]
mod env;
mod error;
mod event;
pub(crate) mod known;
mod received;
mod settings;
mod source;
#[cfg(feature = "sqs")]
mod sqs;

pub use self::{
    attributes::{QueueAttributes, RedrivePolicy},
    backoff::Backoff,
    client::{EntryAnswer, MAX_ENTRIES, QueueClient, QueueName, VisibilityChange},
    dead_letter::DeadLetter,
    error::QueueError,
    event::event_of,
    received::ReceivedMessage,
    settings::Queue,
    source::{OpenQueue, QueueSource, ReceiveRequest},
};
#[cfg(feature = "sqs")]
pub use sqs::SqsClient;
