//! What a notification is about: an upload, and the content that an object got by it.

use std::{error::Error, fmt};

use sqs_runtime::{
    batch::Record,
    claim::IdempotencyKey,
    extract::{S3Notification, S3Record},
};

use crate::NAMESPACE;

/// An object of S3 with a certain content.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Names its content.
    pub e_tag: String,
}

/// One upload of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// What was uploaded.
    pub object: Object,
    /// S3's name for this upload among those of the same key.
    pub sequencer: String,
}

impl Object {
    /// The object of that name with that content.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>, e_tag: impl Into<String>) -> Self {
        Self { bucket: bucket.into(), key: key.into(), e_tag: e_tag.into() }
    }
}

/// The idempotency key of a message about this upload alone, as all of S3's are in practice.
#[must_use]
pub fn key_of_upload(bucket: &str, key: &str, sequencer: &str) -> IdempotencyKey {
    IdempotencyKey::derive(NAMESPACE, &[list([[bucket, key, sequencer]]).as_bytes()])
}

/// What was uploaded. A removal leaves nothing to do.
pub(crate) fn uploads(notification: &S3Notification) -> Result<Vec<Upload>, Nameless> {
    let created = notification.records.iter().filter(|record| record.event_name.starts_with("ObjectCreated:"));
    created.map(|record| upload(record).ok_or(Nameless)).collect()
}

fn upload(S3Record { bucket, key, e_tag, sequencer, .. }: &S3Record) -> Option<Upload> {
    let there = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
    Some(Upload { object: Object::new(bucket, key, there(e_tag)?), sequencer: there(sequencer)? })
}

/// Names the work of a message; `None` of one that is about no upload, such as S3's test event.
pub(crate) fn names(record: &Record) -> Option<String> {
    let notification = S3Notification::from_json(record.body()).ok();
    let uploads = notification.and_then(|notification| uploads(&notification).ok()).filter(|all| !all.is_empty())?;
    Some(list(uploads.iter().map(|Upload { object, sequencer }| [&*object.bucket, &*object.key, sequencer])))
}

/// As JSON: whatever stands in a key, its end is clear.
fn list<'a>(names: impl IntoIterator<Item = [&'a str; 3]>) -> String {
    let names = names.into_iter().map(serde_json::Value::from_iter);
    serde_json::Value::from_iter(names).to_string()
}

/// An object was created, and its notification does not name its content and the upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nameless;

impl fmt::Display for Nameless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the notification lacks an eTag or a sequencer")
    }
}

impl Error for Nameless {}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(event_name: &str, e_tag: Option<&str>, sequencer: Option<&str>) -> S3Record {
        let mut record = S3Record::new(event_name, "b", "k");
        (record.e_tag, record.sequencer) = (e_tag.map(Into::into), sequencer.map(Into::into));
        record
    }

    #[test]
    fn what_was_created_is_an_upload_with_its_names() {
        let one = record("ObjectCreated:Put", Some("e1"), Some("0A"));
        let removal = record("ObjectRemoved:Delete", None, Some("0B"));
        let expected = Upload { object: Object::new("b", "k", "e1"), sequencer: "0A".into() };
        assert_eq!(uploads(&S3Notification::new([one.clone(), removal])), Ok(vec![expected]));
        for (e_tag, sequencer) in
            [(None, Some("0A")), (Some(""), Some("0A")), (Some("e1"), None), (Some("e1"), Some(""))]
        {
            let without = record("ObjectCreated:Copy", e_tag, sequencer);
            assert_eq!(uploads(&S3Notification::new([one.clone(), without])), Err(Nameless));
        }
    }

    #[test]
    fn borders_of_names_count() {
        assert_ne!(key_of_upload("b", "k", "0A"), key_of_upload("b", "k\",\"0A", ""));
        assert_ne!(key_of_upload("b", "k", "0A"), key_of_upload("b", "k", "0B"));
    }
}
