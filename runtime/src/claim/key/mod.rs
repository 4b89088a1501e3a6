//! What names a message's work, and what tells two payloads apart.

mod canonical;
mod error;
mod pointer;
mod rule;

pub(crate) use self::rule::{Identity, Namespace};
pub use self::{
    error::KeyError,
    rule::{Envelope, Key, Parts},
};

use std::{fmt, sync::Arc};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Names the work that must be done once: `NAMESPACE#HASH`, with the SHA-256 of namespace and key parts, each preceded by
/// its length, in URL-safe base64.
///
/// The namespace stands in front in clear, so that an IAM policy can hold a service to its own keys; it is hashed too, so
/// that nobody can name another service's message. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey(Arc<str>);

impl IdempotencyKey {
    /// The key of these parts within that namespace.
    #[must_use]
    pub fn derive(namespace: &str, parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        lengths_and_parts(namespace, parts, |bytes| hash.update(bytes));
        Self::of(namespace, &hash.finalize())
    }

    /// The same with a secret (HMAC-SHA-256), for parts that can be guessed, such as mail addresses: without the secret nobody
    /// can tell from a row whose it is. All who share keys need the same secret.
    #[must_use]
    pub fn derive_with_secret(namespace: &str, secret: &[u8], parts: &[&[u8]]) -> Self {
        let mut mac = Hmac::<Sha256>::new(&block_of(secret).into());
        lengths_and_parts(namespace, parts, |bytes| mac.update(bytes));
        Self::of(namespace, &mac.finalize().into_bytes())
    }

    /// The key of one step of this key's work, in the same namespace: for [`Idempotency::once`](crate::Idempotency::once).
    #[must_use]
    pub fn step(&self, name: &str) -> Self {
        let (namespace, hash) = self.0.rsplit_once('#').unwrap_or(("", &self.0));
        // Another function than that of keys: no parts that a sender chooses come to the key of a step.
        Self::derive_with_secret(namespace, hash.as_bytes(), &[b"step", name.as_bytes()])
    }

    /// The key that [`as_str`](Self::as_str) wrote: what stands in a row.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (_, hash) = text.rsplit_once('#')?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(hash).ok()?;
        (bytes.len() == 32).then(|| Self(text.into()))
    }

    fn of(namespace: &str, hash: &[u8]) -> Self {
        let mut text = String::with_capacity(namespace.len() + 44);
        text.push_str(namespace);
        text.push('#');
        BASE64_URL_SAFE_NO_PAD.encode_string(hash, &mut text);
        Self(text.into())
    }

    /// The part that is hashed, 43 characters of URL-safe base64: for headers and names that have no room for a namespace, such
    /// as an `Idempotency-Key` or a mail's `Message-ID`.
    #[must_use]
    pub fn hash(&self) -> &str {
        self.0.rsplit('#').next().unwrap_or(&self.0)
    }

    /// The key as it is stored, at most the namespace and 44 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A secret as HMAC takes it: filled up to SHA-256's block, a longer one hashed first (RFC 2104).
fn block_of(secret: &[u8]) -> [u8; 64] {
    let hashed = Sha256::digest(secret);
    let short = if secret.len() > 64 { &hashed[..] } else { secret };
    let mut block = [0; 64];
    block.iter_mut().zip(short).for_each(|(to, from)| *to = *from);
    block
}

/// Each part is preceded by its length, so that their borders count.
fn lengths_and_parts(namespace: &str, parts: &[&[u8]], mut update: impl FnMut(&[u8])) {
    for part in std::iter::once(&namespace.as_bytes()).chain(parts) {
        update(&(part.len() as u64).to_be_bytes());
        update(part);
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdempotencyKey({})", self.0)
    }
}

/// The SHA-256 of the received body: the same key with another one is a key conflict.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PayloadHash([u8; 32]);

impl PayloadHash {
    /// The hash of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash that [`to_text`](Self::to_text) wrote.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// In URL-safe base64, 43 characters, as it is stored.
    #[must_use]
    pub fn to_text(self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl fmt::Debug for PayloadHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PayloadHash(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_borders_count() {
        let key = |parts: &[&[u8]]| IdempotencyKey::derive("orders", parts);
        assert_ne!(key(&[b"ab", b"c"]), key(&[b"a", b"bc"]));
        assert_ne!(key(&[b"ab"]), key(&[b"ab", b""]));
        assert_eq!(key(&[b"ab"]), key(&[b"ab"]));
    }

    #[test]
    fn a_step_is_no_key_of_a_message_and_stays_in_its_namespace() {
        let key = IdempotencyKey::derive("orders", &[b"k"]);
        assert_ne!(key.step("mail"), key);
        assert_ne!(key.step("mail"), key.step("charge"));
        assert_eq!(key.step("mail"), key.step("mail"));
        assert!(key.step("mail").as_str().starts_with("orders#"));
    }

    #[test]
    fn secrets_of_any_length_are_taken_as_rfc_2104_says() {
        for length in [0, 1, 63, 64, 65, 200] {
            let secret = vec![7; length];
            let mut expected = Hmac::<Sha256>::new_from_slice(&secret).expect("any length");
            let mut ours = Hmac::<Sha256>::new(&block_of(&secret).into());
            expected.update(b"x");
            ours.update(b"x");
            assert_eq!(ours.finalize().into_bytes(), expected.finalize().into_bytes(), "{length}");
        }
    }

    #[test]
    fn a_stored_key_is_read_again_and_nothing_else_is() {
        let key = IdempotencyKey::derive("a#b", &[b"k"]);
        assert_eq!(IdempotencyKey::from_text(key.as_str()), Some(key.clone()));
        for text in ["", "orders", key.hash(), "orders#", "orders#short", &format!("{key}A"), &format!("{key}=")] {
            assert_eq!(IdempotencyKey::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn a_secret_makes_another_key() {
        let with = |secret: &[u8]| IdempotencyKey::derive_with_secret("orders", secret, &[b"k"]);
        assert_ne!(with(b"one"), with(b"other"));
        assert_ne!(with(b"one"), IdempotencyKey::derive("orders", &[b"k"]));
        assert_eq!(with(b"one"), with(b"one"));
    }

    #[test]
    fn the_namespace_is_in_clear_and_hashed() {
        let (a, b) = (IdempotencyKey::derive("a", &[b"k"]), IdempotencyKey::derive("b", &[b"k"]));
        assert!(a.as_str().starts_with("a#") && b.as_str().starts_with("b#"));
        assert_ne!(a.as_str().split_once('#').map(|p| p.1), b.as_str().split_once('#').map(|p| p.1));
        assert_eq!(a.as_str().len(), "a#".len() + 43);
        assert_eq!(a.as_str(), format!("a#{}", a.hash()));
    }
}
