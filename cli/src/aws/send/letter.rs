//! Messages of fixtures, made ready for a queue.

use std::fmt;

use sqs_runtime::{
    batch::{Batch, MessageAttribute, Record},
    queue::DeadLetter,
};

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Where it stands, for people.
    pub place: String,
    record: Record,
    group: Option<String>,
}

/// A record that is no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Where it stands.
    pub place: String,
    /// What is wrong with it.
    pub why: String,
}

/// A message that cannot keep the order in which it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupChange {
    /// Where it stands.
    pub place: String,
    /// Whether the queue orders messages.
    pub to_fifo: bool,
}

/// The letters of an event, and what of it is no message.
///
/// # Errors
///
/// If a message cannot keep its order, and must.
pub fn letters(
    file: &str,
    batch: &Batch,
    to_fifo: bool,
    may_change: bool,
) -> Result<Vec<Result<Letter, Unreadable>>, GroupChange> {
    let mut letters = Vec::new();
    for (index, record) in batch.records().enumerate() {
        let place = format!("{file}, record {}", index + 1);
        letters.push(match record {
            Ok(record) => Ok(Letter::new(place, record, to_fifo, may_change)?),
            Err(error) => Err(Unreadable { place, why: error.to_string() }),
        });
    }
    Ok(letters)
}

impl Letter {
    fn new(place: String, record: Record, to_fifo: bool, may_change: bool) -> Result<Self, GroupChange> {
        let group = record.message_group_id();
        let is_changed = if to_fifo { group.is_none() } else { record.is_fifo() };
        if is_changed && !may_change {
            return Err(GroupChange { place, to_fifo });
        }
        let alone = || to_fifo.then(|| record.message_id().to_owned());
        let group = group.map(ToOwned::to_owned).or_else(alone);
        Ok(Self { place, group, record })
    }

    pub(super) fn body(&self) -> &str {
        self.record.body()
    }

    pub(super) fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }

    pub(super) fn attributes(&self) -> impl Iterator<Item = (&str, &MessageAttribute)> {
        self.record.message_attributes()
    }

    pub(super) fn is_too_large(&self) -> bool {
        self.bytes() > DeadLetter::MAX_BYTES
    }

    /// What SQS counts: the body, and name, type and value of each attribute.
    pub(super) fn bytes(&self) -> usize {
        let value = |attribute: &MessageAttribute| {
            attribute.as_bytes().map(<[u8]>::len).or_else(|| attribute.as_str().map(str::len)).unwrap_or_default()
        };
        let of =
            |(name, attribute): (&str, &MessageAttribute)| name.len() + attribute.data_type().len() + value(attribute);
        self.body().len() + self.attributes().map(of).sum::<usize>()
    }
}

#[cfg(test)]
impl Letter {
    pub(super) fn of_text(body: &str, group: &str) -> Self {
        let record = serde_json::json!({"messageId": "m", "body": body, "attributes": {"MessageGroupId": group}});
        let batch = Batch::from_json(serde_json::json!({ "Records": [record] }).to_string()).expect("an event");
        let record = batch.record(0).expect("a record");
        Self { place: String::new(), record, group: Some(group.to_owned()) }
    }
}

impl fmt::Display for GroupChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, to_fifo } = self;
        let why = if *to_fifo {
            "it has no message group, and the queue is FIFO: with --allow-group-change it gets one of its own"
        } else {
            "it comes from a FIFO queue, and this one keeps no order: --allow-group-change sends it all the same"
        };
        write!(f, "{place}: {why}")
    }
}

impl std::error::Error for GroupChange {}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(queue: &str, group: Option<&str>) -> Batch {
        let arn = format!("arn:aws:sqs:eu-west-1:123456789012:{queue}");
        let attributes =
            group.map_or_else(|| serde_json::json!({}), |group| serde_json::json!({ "MessageGroupId": group }));
        let record = serde_json::json!({
            "messageId": "m-1", "body": "x", "attributes": attributes, "eventSource": "aws:sqs", "eventSourceARN": arn,
        });
        Batch::from_json(serde_json::json!({ "Records": [record, {"messageId": "m-2"}] }).to_string())
            .expect("an event")
    }

    #[test]
    fn order_is_changed_only_where_that_is_allowed() {
        for (from, group, to_fifo, changes) in [
            ("orders", None, false, false),
            // A tenant of a fair queue.
            ("orders", Some("t"), false, false),
            ("orders", Some("t"), true, false),
            ("orders.fifo", Some("g"), true, false),
            ("orders", None, true, true),
            ("orders.fifo", Some("g"), false, true),
        ] {
            let batch = event(from, group);
            let strict = letters("f", &batch, to_fifo, false);
            assert_eq!(strict.is_err(), changes, "{from} {group:?} {to_fifo}");
            let loose = letters("f", &batch, to_fifo, true).expect("it is allowed");
            let expected = group.or(to_fifo.then_some("m-1"));
            assert_eq!(loose[0].as_ref().map(Letter::group), Ok(expected), "{from} {group:?} {to_fifo}");
            assert!(loose[1].as_ref().is_err_and(|bad| bad.place == "f, record 2"));
        }
    }
}
