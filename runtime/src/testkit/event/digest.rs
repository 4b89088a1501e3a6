//! The MD5 digests that SQS sends along, after its developer guide. Not shared with what checks them: a mistake there must show.

use std::collections::BTreeMap;

use md5::{Digest, Md5};

use super::AttributeValue;

pub(super) fn of_body(body: &str) -> String {
    hex(&Md5::digest(body))
}

/// The digest of the attributes, by name; `None` without any, as SQS then sends none.
pub(super) fn of_attributes(attributes: &BTreeMap<String, AttributeValue>) -> Option<String> {
    let mut parts = Vec::new();
    for (name, value) in attributes {
        part(&mut parts, name.as_bytes());
        part(&mut parts, value.data_type().as_bytes());
        parts.push(if value.is_binary() { 2 } else { 1 });
        part(&mut parts, value.bytes());
    }
    (!attributes.is_empty()).then(|| hex(&Md5::digest(parts)))
}

/// A part is preceded by its length, in 4 bytes.
fn part(parts: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    parts.extend(length.to_be_bytes());
    parts.extend(bytes);
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|half| char::from_digit(half.into(), 16).unwrap_or('0'));
    bytes.iter().flat_map(digits).collect()
}
