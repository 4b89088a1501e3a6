//! Generated batches.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{FIFO, STANDARD};

/// One batch and the consumer that gets it.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) fifo: bool,
    pub(super) keys: Keys,
    pub(super) concurrency: usize,
    pub(super) records: Vec<Message>,
}

/// How the consumer claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    None,
    MessageId,
    Attribute,
}

/// One message of a batch.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// From a small pool, so that copies are frequent; `None` is a record without an id.
    id: Option<u8>,
    pub(super) group: Option<u8>,
    pub(super) key: Option<u8>,
    pub(super) form: Form,
    pub(super) behaviour: Behaviour,
    /// The place of the first well-formed record of this message: what its body says.
    origin: usize,
}

/// Whether the record is well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Good,
    BodyMissing,
    BodyIsNumber,
}

/// What the handler does with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Behaviour {
    pub(super) yields: u8,
    pub(super) end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Ok,
    Retry,
    Reject,
    Panic,
}

pub(super) fn case() -> impl Strategy<Value = Case> {
    let keys = prop_oneof![Just(Keys::None), Just(Keys::MessageId), Just(Keys::Attribute)];
    (any::<bool>(), keys, 1_usize..5, prop::collection::vec(message(), 0..9)).prop_map(
        |(fifo, keys, concurrency, mut records)| {
            same_message_same_content(&mut records);
            Case { fifo, keys, concurrency, records }
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    let id = prop_oneof![20 => (0_u8..8).prop_map(Some), 1 => Just(None)];
    let group = prop::option::weighted(0.9, 0_u8..3);
    let key = prop::option::weighted(0.95, 0_u8..5);
    let form = prop_oneof![10 => Just(Form::Good), 1 => Just(Form::BodyMissing), 1 => Just(Form::BodyIsNumber)];
    let end = prop_oneof![5 => Just(End::Ok), 1 => Just(End::Retry), 1 => Just(End::Reject), 1 => Just(End::Panic)];
    (id, group, key, form, 0_u8..4, end).prop_map(|(id, group, key, form, yields, end)| Message {
        id,
        group,
        key,
        form,
        behaviour: Behaviour { yields, end },
        origin: 0,
    })
}

/// What SQS delivers twice under one id is the same message; only its form may suffer on the way.
fn same_message_same_content(records: &mut [Message]) {
    for later in 0..records.len() {
        let id = records[later].id;
        let first = records[..later].iter().find(|first| id.is_some() && first.id == id).cloned();
        let first_good = records[..later].iter().position(|first| first.id == id && first.form == Form::Good);
        if let Some(first) = first {
            records[later] = Message { form: records[later].form, ..first };
        }
        records[later].origin = first_good.filter(|_| id.is_some()).unwrap_or(later);
    }
}

impl Message {
    pub(super) fn id(&self) -> Option<String> {
        self.id.map(|id| format!("m-{id}"))
    }

    fn to_json(&self, arn: &str) -> Value {
        let body = match self.form {
            Form::Good => json!(self.behaviour.to_body(self.origin)),
            Form::BodyMissing => json!(null),
            Form::BodyIsNumber => json!(5),
        };
        let mut record = json!({
            "body": body,
            "eventSource": "aws:sqs",
            "eventSourceARN": arn,
            "attributes": {"MessageGroupId": self.group.map(|group| format!("g-{group}"))},
            "messageAttributes": {},
        });
        if let Some(id) = self.id() {
            record["messageId"] = json!(id);
        }
        if let Some(key) = self.key {
            // One key, one payload: what another payload does is a test of the claim.
            record["messageAttributes"] = json!({"key": {"dataType": "String", "stringValue": format!("k-{key}")}});
        }
        record
    }
}

impl Case {
    pub(super) fn event(&self) -> String {
        let arn = if self.fifo { FIFO } else { STANDARD };
        let records: Vec<_> = self.records.iter().map(|message| message.to_json(arn)).collect();
        json!({ "Records": records }).to_string()
    }

    /// The group in which the record keeps its order; records of a FIFO queue without one share one.
    pub(super) fn group(&self, index: usize) -> Option<Option<u8>> {
        self.fifo.then(|| self.records[index].group)
    }

    /// What may succeed once in this batch.
    pub(super) fn key(&self, index: usize) -> String {
        match self.keys {
            Keys::Attribute => format!("key {:?}", self.records[index].key),
            // Without claims two records are still one message if they have one id.
            Keys::MessageId | Keys::None => format!("id {:?}", self.records[index].id),
        }
    }
}

impl Behaviour {
    fn to_body(self, index: usize) -> String {
        let end = match self.end {
            End::Ok => "ok",
            End::Retry => "retry",
            End::Reject => "reject",
            End::Panic => "panic",
        };
        format!("{index} {} {end}", self.yields)
    }

    /// The place in the batch that the body was written for, and the behaviour.
    pub(super) fn from_body(body: &str) -> (usize, Self) {
        let mut words = body.split(' ');
        let mut word = || words.next().expect("three words");
        let (index, yields) = (word().parse().expect("a place"), word().parse().expect("a number"));
        let end = match word() {
            "ok" => End::Ok,
            "retry" => End::Retry,
            "reject" => End::Reject,
            _ => End::Panic,
        };
        (index, Self { yields, end })
    }
}

/// Any JSON, often shaped like an event.
pub(super) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z]{0,4}".prop_map(Value::from),
        Just(json!("aws:sqs")),
        Just(json!("aws:s3")),
    ];
    let name = prop_oneof![
        Just("Records".to_owned()),
        Just("messageId".to_owned()),
        Just("body".to_owned()),
        Just("eventSource".to_owned()),
        Just("attributes".to_owned()),
        Just("messageAttributes".to_owned()),
        "[a-z]{0,4}",
    ];
    let value = leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    let records = prop::collection::vec(value.clone(), 0..4);
    prop_oneof![1 => value, 2 => records.prop_map(|records| json!({ "Records": records }))]
}
