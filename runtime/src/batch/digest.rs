//! The MD5 digests that SQS sends along, as its developer guide defines them.

use md5::{Digest, Md5};

use super::message_attribute::{MessageAttribute, MessageAttributeValue};

/// Whether the digest is that of the body's bytes.
pub(super) fn body_matches(body: &str, digest: &str) -> bool {
    is_hex_of(&Md5::digest(body.as_bytes()), digest)
}

/// Whether the digest is that of the attributes, which must be sorted by name.
pub(super) fn attributes_match(attributes: &[(Box<str>, MessageAttribute)], digest: &str) -> bool {
    let mut md5 = Md5::new();
    for (name, attribute) in attributes {
        prefixed(&mut md5, name.as_bytes());
        prefixed(&mut md5, attribute.data_type().as_bytes());
        match attribute.value() {
            MessageAttributeValue::String(text) | MessageAttributeValue::Number(text) => {
                md5.update([1]);
                prefixed(&mut md5, text.as_bytes());
            }
            MessageAttributeValue::Binary(bytes) => {
                md5.update([2]);
                prefixed(&mut md5, bytes);
            }
        }
    }
    is_hex_of(&md5.finalize(), digest)
}

/// Every part is preceded by its length, 4 bytes, most significant first.
fn prefixed(md5: &mut Md5, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    md5.update(length.to_be_bytes());
    md5.update(bytes);
}

fn is_hex_of(bytes: &[u8], hex: &str) -> bool {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let expected = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
    expected.eq(hex.chars().map(|c| c.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::{super::message_attribute, *};

    #[test]
    fn a_body_has_one_digest_in_either_case() {
        let body = "This is a test message";
        assert!(body_matches(body, "fafb00f5732ab283681e124bf8747ed1"));
        assert!(body_matches(body, "FAFB00F5732AB283681E124BF8747ED1"));
        for wrong in ["fafb00f5732ab283681e124bf8747ed2", "fafb00f5732ab283681e124bf8747ed", ""] {
            assert!(!body_matches(body, wrong), "{wrong}");
        }
    }

    /// The digest was made by another program, after the developer guide.
    #[test]
    fn attributes_of_every_type_have_one_digest() {
        let json = r#"{
            "s": {"dataType": "String", "stringValue": "caf\u00e9"},
            "n": {"dataType": "Number.int", "stringValue": "7"},
            "b": {"dataType": "Binary.png", "binaryValue": "iVBORw=="}
        }"#;
        let attributes = message_attribute::decode(json).unwrap();
        assert!(attributes_match(&attributes, "97df1b349048f383104f63beb108b7cd"));
        assert!(!attributes_match(&attributes[1..], "97df1b349048f383104f63beb108b7cd"));
    }
}
