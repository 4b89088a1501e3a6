//! What other services wrap around a payload on its way into a queue.

use std::time::SystemTime;

use serde::Serialize;
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};

use super::{ACCOUNT, REGION, arn};
use crate::{clock::epoch_ms, run::utc};

/// One wrapping.
#[derive(Clone, Debug)]
pub(super) enum Envelope {
    Sns,
    EventBridge {
        source: String,
        detail_type: String,
    },
    #[cfg(feature = "gzip")]
    Gzip,
}

impl Envelope {
    /// The text around that payload of the nth message. What the other service says about it has a value that is the same in
    /// every run.
    pub(super) fn around(&self, payload: &str, nth: usize, sent_at: SystemTime) -> String {
        match self {
            Self::Sns => sns(payload, nth, sent_at).to_string(),
            Self::EventBridge { source, detail_type } => event_bridge(source, detail_type, payload, nth, sent_at),
            #[cfg(feature = "gzip")]
            Self::Gzip => crate::extract::deflate(payload),
        }
    }
}

fn sns(payload: &str, nth: usize, sent_at: SystemTime) -> Value {
    json!({
        "Type": "Notification",
        "MessageId": format!("00000000-0000-4000-8001-{nth:012}"),
        "TopicArn": arn("sns", "topic"),
        "Message": payload,
        "Timestamp": utc::rfc3339(epoch_ms(sent_at)),
        "SignatureVersion": "1",
        "Signature": "RVhBTVBMRQ==",
        "SigningCertURL": format!("https://sns.{REGION}.amazonaws.com/SimpleNotificationService-example.pem"),
        "UnsubscribeURL": format!("https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe"),
    })
}

/// An event of EventBridge. Its `detail` is the payload byte for byte: read as a value it would lose digits of long numbers.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct EventBridge<'a> {
    version: &'static str,
    id: String,
    detail_type: &'a str,
    source: &'a str,
    account: &'static str,
    time: String,
    region: &'static str,
    resources: [&'static str; 0],
    detail: Option<&'a RawValue>,
}

fn event_bridge(source: &str, detail_type: &str, payload: &str, nth: usize, sent_at: SystemTime) -> String {
    // `detail` is JSON: a text that is none becomes a string.
    let text = to_raw_value(payload).ok();
    let event = EventBridge {
        version: "0",
        id: format!("00000000-0000-4000-8002-{nth:012}"),
        detail_type,
        source,
        account: ACCOUNT,
        // Whole seconds, as EventBridge writes it.
        time: utc::rfc3339(epoch_ms(sent_at) / 1_000 * 1_000).replace(".000Z", "Z"),
        region: REGION,
        resources: [],
        detail: serde_json::from_str(payload).ok().or(text.as_deref()),
    };
    serde_json::to_string(&event).unwrap_or_default()
}

/// The notification about a new object.
pub(super) fn s3_notification(bucket: &str, key: &str) -> Value {
    json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": "2027-01-15T07:59:59.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": bucket, "arn": format!("arn:aws:s3:::{bucket}")},
            "object": {
                "key": url_encoded(key),
                "size": 1_024,
                "eTag": "0123456789abcdef0123456789abcdef",
                "sequencer": "0A1B2C3D4E5F678901",
            },
        },
    }]})
}

/// S3 encodes keys as a form does, but leaves `/` alone.
fn url_encoded(key: &str) -> String {
    let encoded = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    key.bytes().map(encoded).collect()
}
