//! From what somebody knows of a message to the key of its row.

use std::fmt;

use sqs_runtime::claim::IdempotencyKey;

/// There is no such key: its namespace is missing.
#[derive(Debug, PartialEq, Eq)]
pub struct NoKey;

/// The key that is meant by these words: a stored key as it stands in the table, or else the parts of a key, such as the message id, in
/// that namespace.
///
/// # Errors
///
/// If the words are parts, and no namespace is named.
pub fn key(words: &[String], namespace: Option<&str>) -> Result<IdempotencyKey, NoKey> {
    let stored = match words {
        [word] => IdempotencyKey::from_text(word),
        _ => None,
    };
    let parts: Vec<_> = words.iter().map(String::as_bytes).collect();
    match (stored, namespace) {
        (Some(stored), None) => Ok(stored),
        (_, Some(namespace)) => Ok(IdempotencyKey::derive(namespace, &parts)),
        (None, None) => Err(NoKey),
    }
}

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a message id, or another part of a key, needs its --namespace: the queue's name, unless the consumer says otherwise \
             (IDEMPOTENCY_NAMESPACE); a key as it stands in the table, NAMESPACE#HASH, needs none",
        )
    }
}

impl std::error::Error for NoKey {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_a_stored_key_or_the_parts_of_one() {
        let derived = IdempotencyKey::derive("orders", &[b"m-1"]);
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(key(&words(&["m-1"]), Some("orders")), Ok(derived.clone()));
        assert_eq!(key(&words(&[derived.as_str()]), None), Ok(derived.clone()));
        assert_eq!(key(&words(&["a", "b"]), Some("n")), Ok(IdempotencyKey::derive("n", &[b"a", b"b"])));
        // Whoever names a namespace means a part, whatever it looks like.
        assert_ne!(key(&words(&[derived.as_str()]), Some("orders")), Ok(derived));
        assert_eq!(key(&words(&["m-1"]), None), Err(NoKey));
        assert_eq!(key(&words(&["a", "b"]), None), Err(NoKey));
    }
}
