//! What the extended client library leaves in a body when the payload went to S3.

use std::borrow::Cow;

use serde::Deserialize;

/// The name of the class that the libraries write, and the one that older versions wrote.
const CLASSES: [&str; 2] =
    ["software.amazon.payloadoffloading.PayloadS3Pointer", "com.amazon.sqs.javamessaging.MessageS3Pointer"];

/// Where a payload is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pointer<'a> {
    #[serde(borrow, rename = "s3BucketName")]
    pub(super) bucket: Cow<'a, str>,
    #[serde(borrow, rename = "s3Key")]
    pub(super) key: Cow<'a, str>,
}

impl<'a> Pointer<'a> {
    /// The pointer that the body is; an error where it begins as one and is none.
    pub(super) fn read(body: &'a str) -> Option<serde_json::Result<Self>> {
        let pointer = |(_, pointer): (Cow<'a, str>, Self)| pointer;
        is_pointer(body.as_bytes()).then(|| serde_json::from_str(body).map(pointer))
    }
}

/// Whether a text is such a pointer, by how it begins: a list whose first element names the class.
pub(crate) fn is_pointer(text: &[u8]) -> bool {
    let inside = text.trim_ascii_start().strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
    let Some(name) = inside.and_then(|inside| inside.strip_prefix(b"\"")) else { return false };
    CLASSES.iter().any(|class| name.strip_prefix(class.as_bytes()).is_some_and(|rest| rest.starts_with(b"\"")))
}
