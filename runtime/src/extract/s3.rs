//! Notifications of S3.

use serde::Deserialize;

use super::{FromDelivery, S3Rejection};
use crate::handler::{Delivery, Failure};

/// An S3 event notification: what happened to which objects.
///
/// When notifications are set up, S3 sends a test event that names no object. It is done without a run of the handler, and
/// counted ([`Report::nothing_to_do`](crate::run::Report::nothing_to_do)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct S3Notification {
    /// One for each object; S3 sends one in practice.
    pub records: Vec<S3Record>,
}

/// One object that something happened to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct S3Record {
    /// What happened, such as `ObjectCreated:Put`.
    pub event_name: String,
    /// When it happened, RFC 3339.
    pub event_time: Option<String>,
    /// The bucket.
    pub bucket: String,
    /// The object's key, with S3's URL encoding undone.
    pub key: String,
    /// The object's size in bytes; `None` for removals.
    pub size: Option<u64>,
    /// What tells one content of the object from another; `None` for removals.
    pub e_tag: Option<String>,
    /// The object's version, in a bucket with versioning.
    pub version_id: Option<String>,
    /// Grows with each event of the same key (hexadecimal): tells which of two came later.
    pub sequencer: Option<String>,
}

impl S3Notification {
    /// A notification about these objects; for tests of a function alone.
    #[must_use]
    pub fn new(records: impl Into<Vec<S3Record>>) -> Self {
        Self { records: records.into() }
    }

    /// The notification in that body: for keys that are taken from it ([`Key::by`](crate::claim::Key::by)).
    ///
    /// # Errors
    ///
    /// If it is none. S3's test event is none either, and the error says so.
    pub fn from_json(body: &str) -> Result<Self, S3Rejection> {
        parse(body)
    }
}

impl S3Record {
    /// An event about that object; for tests of a function alone.
    pub fn new(event_name: impl Into<String>, bucket: impl Into<String>, key: impl Into<String>) -> Self {
        let (event_name, bucket, key) = (event_name.into(), bucket.into(), key.into());
        let (event_time, size, e_tag, version_id, sequencer) = (None, None, None, None, None);
        Self { event_name, event_time, bucket, key, size, e_tag, version_id, sequencer }
    }
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "Records")]
    records: Option<Vec<WireRecord>>,
    #[serde(rename = "Event")]
    event: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRecord {
    event_name: String,
    event_time: Option<String>,
    s3: WireS3,
}

#[derive(Deserialize)]
struct WireS3 {
    bucket: WireBucket,
    object: WireObject,
}

#[derive(Deserialize)]
struct WireBucket {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireObject {
    key: String,
    size: Option<u64>,
    e_tag: Option<String>,
    version_id: Option<String>,
    sequencer: Option<String>,
}

impl<S: Sync> FromDelivery<S> for S3Notification {
    type Rejection = Failure;

    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, Failure> {
        parse(delivery.record().body()).map_err(S3Rejection::into_failure)
    }
}

fn parse(body: &str) -> Result<S3Notification, S3Rejection> {
    const NOT_A_NOTIFICATION: S3Rejection = S3Rejection { is_test_event: false };
    let envelope: Envelope = serde_json::from_str(body).map_err(|_| NOT_A_NOTIFICATION)?;
    let Some(records) = envelope.records else {
        return Err(S3Rejection { is_test_event: envelope.event.as_deref() == Some("s3:TestEvent") });
    };
    let records = records.into_iter().map(S3Record::try_from).collect::<Result<_, _>>();
    records.map(|records| S3Notification { records }).map_err(|_| NOT_A_NOTIFICATION)
}

impl TryFrom<WireRecord> for S3Record {
    type Error = std::string::FromUtf8Error;

    fn try_from(wire: WireRecord) -> Result<Self, Self::Error> {
        let WireRecord { event_name, event_time, s3: WireS3 { bucket, object } } = wire;
        let WireObject { key, size, e_tag, version_id, sequencer } = object;
        let (key, bucket) = (url_decoded(&key)?, bucket.name);
        Ok(Self { event_name, event_time, bucket, key, size, e_tag, version_id, sequencer })
    }
}

/// S3 encodes keys as a form does: `+` for a space, `%XX` for other bytes. What is no such escape stays as it is.
fn url_decoded(key: &str) -> Result<String, std::string::FromUtf8Error> {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, tail) = match (first, tail) {
            (b'+', _) => (b' ', tail),
            (b'%', [high, low, behind @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, behind),
                _ => (b'%', tail),
            },
            (byte, _) => (*byte, tail),
        };
        bytes.push(byte);
        rest = tail;
    }
    String::from_utf8(bytes)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_without_a_delivery() {
        let body = r#"{"Records":[{"eventName":"ObjectCreated:Put",
            "s3":{"bucket":{"name":"b"},"object":{"key":"a+b","size":3,"eTag":"e1","sequencer":"0A"}}}]}"#;
        let read = S3Notification::from_json(body).expect("a notification");
        let mut expected = S3Record::new("ObjectCreated:Put", "b", "a b");
        expected.size = Some(3);
        (expected.e_tag, expected.sequencer) = (Some("e1".into()), Some("0A".into()));
        assert_eq!(read, S3Notification::new([expected]));
        assert!(S3Notification::from_json(r#"{"Event":"s3:TestEvent"}"#).is_err_and(|error| error.is_test_event()));
        assert!(S3Notification::from_json("[]").is_err_and(|error| !error.is_test_event()));
    }

    #[test]
    fn keys_are_decoded() {
        for (encoded, key) in [
            ("a+b", "a b"),
            ("caf%C3%A9.jpg", "café.jpg"),
            ("100%25", "100%"),
            ("50%", "50%"),
            ("%zz", "%zz"),
            ("%+", "% "),
        ] {
            assert_eq!(url_decoded(encoded).as_deref(), Ok(key), "{encoded}");
        }
        assert!(url_decoded("%ff").is_err(), "not UTF-8");
    }
}
