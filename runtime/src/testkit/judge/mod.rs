//! What Lambda's event source mapping does with the answer to one event.
//!
//! Stated after AWS's developer guide, "Implementing partial batch responses", and not after this crate: the event and the answer
//! are read here by code that shares nothing with [`batch`](crate::batch) and [`response`](crate::response), so that a mistake in
//! those cannot hide in the judge.
//!
//! Does no I/O, knows no clock, names no runtime.

mod answer;
mod event;
mod object;

use std::{collections::BTreeSet, fmt};

use self::answer::Refusal;

/// How an invocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The function returned this body; empty where it returned nothing.
    // Not `Body`: with two public types of that name the compiler writes paths into what it says of handlers.
    Response(&'a str),
    /// An error, a time-out, a crash: there is no body.
    Error,
}

/// Whether the event source mapping has `FunctionResponseTypes: [ReportBatchItemFailures]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// It has: the body decides.
    On,
    /// It has not: the body is ignored.
    Off,
}

/// What the event source mapping does with a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// What it does with the batch.
    pub batch: BatchFate,
    /// What it does with each message, in the order of the event. Of an undocumented answer nothing is known: every message is
    /// then said to be returned, so that a simulation which goes on loses none.
    pub messages: Vec<JudgedMessage>,
}

/// What the event source mapping does with a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchFate {
    /// It takes the answer: the messages that are named come back, the others are deleted.
    Success,
    /// It returns the whole batch.
    Failure,
    /// AWS does not say. Never send such an answer; in a test it is a failure. The text says what is wrong with it.
    Undocumented(String),
}

/// What becomes of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JudgedMessage {
    /// Its message id; `None` where the event gives none that can be named.
    pub id: Option<String>,
    /// What becomes of it.
    pub fate: MessageFate,
}

/// What becomes of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageFate {
    /// It is gone.
    Deleted,
    /// It comes back once its visibility timeout is over.
    Returned,
}

/// What the event source mapping does with that answer to that event.
///
/// With the flag off a body is ignored. With it on:
///
/// | answer | effect |
/// | --- | --- |
/// | `{"batchItemFailures":[]}`, `{"batchItemFailures":null}`, `{}`, `null`, an empty body | every message is deleted |
/// | a list of ids that are in the batch | those come back, the others are deleted |
/// | no JSON; only entries whose `itemIdentifier` is empty, null or unknown to the batch, or has another name | all come back |
/// | an id twice; good entries beside bad ones; all else | undocumented |
///
/// All else is what AWS's page is silent about, such as another spelling of `batchItemFailures`, a field beside it or in an entry
/// beside `itemIdentifier`, a name twice, an entry that is no object or has no field, a value that is no list or no string, a body
/// that is neither an object nor null.
///
/// Where two records of the event have one message id, an answer that names it returns both: they are one message in the
/// queue.
///
/// ```
/// use sqs_runtime::testkit::judge::{Answer, BatchFate, Flag, MessageFate, judge};
///
/// let event = r#"{"Records":[{"messageId":"m-1","body":"a"},{"messageId":"m-2","body":"b"}]}"#;
/// let answer = Answer::Response(r#"{"batchItemFailures":[{"itemIdentifier":"m-2"}]}"#);
///
/// let verdict = judge(event, answer, Flag::On);
/// assert_eq!(verdict.batch, BatchFate::Success);
/// assert_eq!(verdict.fates().collect::<Vec<_>>(), [MessageFate::Deleted, MessageFate::Returned]);
///
/// // Without the flag the same answer loses the message that failed.
/// assert!(judge(event, answer, Flag::Off).fates().all(|fate| fate == MessageFate::Deleted));
/// ```
#[must_use]
pub fn judge(event_json: &str, answer: Answer<'_>, flag: Flag) -> Verdict {
    let Some(ids) = event::message_ids(event_json) else {
        return Verdict::undocumented("the event has no list of records".to_owned(), Vec::new());
    };
    match (answer, flag) {
        (Answer::Error, _) => Verdict::failure(ids),
        (Answer::Response(_), Flag::Off) => Verdict::success(ids, &BTreeSet::new()),
        (Answer::Response(body), Flag::On) => match answer::named(body, &ids) {
            Ok(named) => Verdict::success(ids, &named),
            Err(Refusal::WholeBatch) => Verdict::failure(ids),
            Err(Refusal::Undocumented(why)) => Verdict::undocumented(why, ids),
        },
    }
}

type Ids = Vec<Option<String>>;

impl Verdict {
    fn success(ids: Ids, named: &BTreeSet<String>) -> Self {
        let is_named = |id: &Option<String>| id.as_ref().is_some_and(|id| named.contains(id));
        let fate = |id: &_| if is_named(id) { MessageFate::Returned } else { MessageFate::Deleted };
        Self::of(BatchFate::Success, ids, fate)
    }

    fn failure(ids: Ids) -> Self {
        Self::of(BatchFate::Failure, ids, |_| MessageFate::Returned)
    }

    fn undocumented(why: String, ids: Ids) -> Self {
        Self::of(BatchFate::Undocumented(why), ids, |_| MessageFate::Returned)
    }

    fn of(batch: BatchFate, ids: Ids, fate: impl Fn(&Option<String>) -> MessageFate) -> Self {
        let judged = |id| JudgedMessage { fate: fate(&id), id };
        Self { batch, messages: ids.into_iter().map(judged).collect() }
    }

    /// What becomes of each message, in the order of the event.
    pub fn fates(&self) -> impl ExactSizeIterator<Item = MessageFate> {
        self.messages.iter().map(|message| message.fate)
    }

    /// Why nothing is known of the answer; `None` where AWS says what happens.
    #[must_use]
    pub fn undocumented_because(&self) -> Option<&str> {
        match &self.batch {
            BatchFate::Undocumented(why) => Some(why),
            BatchFate::Success | BatchFate::Failure => None,
        }
    }
}

impl MessageFate {
    /// Whether it comes back.
    #[must_use]
    pub fn is_returned(self) -> bool {
        self == Self::Returned
    }
}

impl fmt::Display for MessageFate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deleted => "deleted",
            Self::Returned => "returned",
        })
    }
}

impl fmt::Display for BatchFate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => f.write_str("success"),
            Self::Failure => f.write_str("failure"),
            Self::Undocumented(why) => write!(f, "undocumented: {why}"),
        }
    }
}
