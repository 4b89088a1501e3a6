//! How a message's key is taken, and what makes two messages with one key the same.

use std::{borrow::Cow, fmt, sync::Arc};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{IdempotencyKey, KeyError, PayloadHash, canonical, pointer};
use crate::{batch::Record, extract::Notification};
#[cfg(feature = "gzip")]
use crate::{extract::Gzip, outcome::Outcome};

/// How a message's key is taken, and what makes two messages with one key the same message.
///
/// ```
/// use sqs_runtime::{Idempotency, claim::Key};
///
/// // An order is named by its id. Sent twice it has the same customer and items, though rarely the same bytes.
/// let by_order = Idempotency::memory()
///     .key(Key::pointer("/orderId").same_fields(["/customerId", "/items"]));
///
/// // Two parts, both needed; in an envelope of SNS, whose payload counts.
/// let by_tenant = Idempotency::memory()
///     .key(Key::attribute("tenant").and(Key::pointer("/orderId")).inside(sqs_runtime::claim::Envelope::Sns).same_body());
/// ```
#[derive(Clone)]
pub struct Key {
    parts: Parts,
    same: Same,
}

/// A key that does not yet say what makes two messages the same: [`same_body`](Self::same_body),
/// [`same_fields`](Self::same_fields) or [`key_alone`](Self::key_alone) does.
#[derive(Clone)]
pub struct Parts {
    parts: Vec<Part>,
    envelope: Envelope,
    or_message_id: bool,
}

/// What stands around a payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Envelope {
    /// Nothing: the body is the payload.
    #[default]
    None,
    /// An SNS notification; with raw message delivery the body is the payload.
    Sns,
    /// An EventBridge event: the payload is its `detail`.
    EventBridge,
    /// Base64 of gzip around a text, with the caps of [`extract::Gzip`](crate::extract::Gzip): however it was compressed, the text
    /// counts. It is decompressed for its key too, when its batch is planned and before its message starts. A body that is no such
    /// thing, or is too large, is rejected as by the extractor.
    #[cfg(feature = "gzip")]
    Gzip,
}

type PartFn = Arc<dyn Fn(&Record) -> Option<String> + Send + Sync>;

#[derive(Clone)]
enum Part {
    MessageId,
    DeduplicationId,
    Attribute(Box<str>),
    Pointer(Box<str>),
    By(PartFn),
}

#[derive(Clone)]
enum Same {
    Body,
    Fields(Arc<[String]>),
    KeyAlone,
}

/// The key of one record, and its payload's hash.
pub(crate) struct Identity {
    pub(crate) key: IdempotencyKey,
    pub(crate) payload_hash: PayloadHash,
}

impl Key {
    /// The message id, and the same body: catches every second delivery of a message. Not a second send, nor a redrive
    /// from a dead-letter queue: those have new ids.
    #[must_use]
    pub fn message_id() -> Self {
        Parts::of(Part::MessageId).same_body()
    }

    /// The message deduplication id of a FIFO queue.
    #[must_use]
    pub fn deduplication_id() -> Parts {
        Parts::of(Part::DeduplicationId)
    }

    /// A message attribute of type `String` or `Number`.
    #[must_use]
    pub fn attribute(name: impl Into<Box<str>>) -> Parts {
        Parts::of(Part::Attribute(name.into()))
    }

    /// A value of the payload's JSON, by JSON pointer (RFC 6901) such as `/order/id`: a string, a whole number of any
    /// length, or a truth value. Numbers with a fraction, repeated names, objects and lists are refused.
    #[must_use]
    pub fn pointer(pointer: impl Into<Box<str>>) -> Parts {
        Parts::of(Part::Pointer(pointer.into()))
    }

    /// Whatever the function says; `None` and the empty text are no key.
    pub fn by(part: impl Fn(&Record) -> Option<String> + Send + Sync + 'static) -> Parts {
        Parts::of(Part::By(Arc::new(part)))
    }

    pub(crate) fn is_message_id(&self) -> bool {
        matches!(self.parts.parts.as_slice(), [Part::MessageId])
    }

    /// What is wrong with the rule itself, if anything is: no message would ever have such a key.
    pub(crate) fn mistake(&self) -> Option<String> {
        let fields: &[String] = match &self.same {
            Same::Fields(fields) if fields.is_empty() => {
                return Some(
                    "`same_fields` names no field: say `key_alone` where nothing but the key counts".to_owned(),
                );
            }
            Same::Fields(fields) => fields,
            Same::Body | Same::KeyAlone => &[],
        };
        let parts = self.parts.parts.iter().filter_map(|part| match part {
            Part::Pointer(pointer) => Some(&**pointer),
            _ => None,
        });
        let is_odd = |pointer: &&str| !pointer.is_empty() && !pointer.starts_with('/');
        let odd = parts.chain(fields.iter().map(String::as_str)).find(is_odd)?;
        Some(format!("a JSON pointer begins with `/`, and `{odd}` does not"))
    }

    /// The record's key and payload hash.
    pub(crate) fn identify(&self, record: &Record, namespace: &Namespace<'_>) -> Result<Identity, KeyError> {
        let payload = self.parts.envelope.payload(record.body())?;
        let parts = self.parts.texts(record, &payload)?;
        let bytes: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        let key = match namespace.secret {
            None => IdempotencyKey::derive(namespace.name, &bytes),
            Some(secret) => IdempotencyKey::derive_with_secret(namespace.name, secret, &bytes),
        };
        Ok(Identity { key, payload_hash: self.same.hash(&payload)? })
    }
}

/// Under which keys are derived.
pub(crate) struct Namespace<'a> {
    pub(crate) name: &'a str,
    pub(crate) secret: Option<&'a [u8]>,
}

impl Parts {
    fn of(part: Part) -> Self {
        Self { parts: vec![part], envelope: Envelope::None, or_message_id: false }
    }

    /// Another part; the key is all of them together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self.or_message_id |= other.or_message_id;
        self
    }

    /// The message id, where a part is absent, null or empty: such a message runs instead of being rejected. For queues that get
    /// messages of another kind now and then, such as S3's test event.
    ///
    /// Of those messages only second deliveries are caught, as by [`Key::message_id`]. One that is sent twice runs twice, and so does
    /// one that lacks its key by mistake, which nobody then hears of.
    ///
    /// ```
    /// use sqs_runtime::{Idempotency, claim::Key};
    ///
    /// let object = |field: &str| Key::pointer(format!("/Records/0/s3/object/{field}"));
    /// let by_upload = object("key").and(object("sequencer")).or_message_id().key_alone();
    /// let idempotency = Idempotency::memory().key(by_upload);
    /// ```
    #[must_use]
    pub fn or_message_id(self) -> Self {
        Self { or_message_id: true, ..self }
    }

    /// The payload stands in an envelope: pointers look inside, and what is compared is the payload.
    #[must_use]
    pub fn inside(self, envelope: Envelope) -> Self {
        Self { envelope, ..self }
    }

    /// The text of each part.
    fn texts<'a>(&self, record: &'a Record, payload: &str) -> Result<Vec<Cow<'a, str>>, KeyError> {
        let parts = self.parts.iter().map(|part| part.text(record, payload));
        let parts = parts.map(|part| part?.filter(|part| !part.is_empty()).ok_or(KeyError::Missing));
        match parts.collect() {
            // No part is empty: this is the key of no others.
            Err(KeyError::Missing) if self.or_message_id => Ok(vec!["".into(), record.message_id().into()]),
            texts => texts,
        }
    }

    /// Two messages with this key are the same if their payloads are, to the byte. Else the later one is a key conflict.
    #[must_use]
    pub fn same_body(self) -> Key {
        Key { parts: self, same: Same::Body }
    }

    /// Two messages with this key are the same if these fields of the payload's JSON are, by JSON pointer; a field that is
    /// absent in both is the same. Else the later one is a key conflict.
    #[must_use]
    pub fn same_fields<F: Into<String>>(self, fields: impl IntoIterator<Item = F>) -> Key {
        Key { parts: self, same: Same::Fields(fields.into_iter().map(Into::into).collect()) }
    }

    /// Two messages with this key are the same, whatever else they say.
    #[must_use]
    pub fn key_alone(self) -> Key {
        Key { parts: self, same: Same::KeyAlone }
    }
}

impl Envelope {
    /// The payload within the body. Where a notification or an event is none, as with raw message delivery, the body itself.
    fn payload<'a>(self, body: &'a str) -> Result<Cow<'a, str>, KeyError> {
        #[derive(Deserialize)]
        struct EventBridge<'a> {
            #[serde(borrow)]
            detail: &'a RawValue,
        }
        let inner = match self {
            Self::None => None,
            Self::Sns => Notification::payload(body),
            Self::EventBridge => {
                serde_json::from_str(body).ok().map(|EventBridge { detail }| Cow::Borrowed(detail.get()))
            }
            #[cfg(feature = "gzip")]
            Self::Gzip => Some(Cow::Owned(decompressed(body)?)),
        };
        Ok(inner.unwrap_or(Cow::Borrowed(body)))
    }
}

#[cfg(feature = "gzip")]
fn decompressed(body: &str) -> Result<String, KeyError> {
    let Gzip(text) = Gzip::<String>::read(body).map_err(|failure| match failure.outcome() {
        Outcome::Rejected(reason) => KeyError::Closed(reason),
        _ => KeyError::bad("the payload cannot be decompressed"),
    })?;
    Ok(text)
}

impl Part {
    fn text<'a>(&self, record: &'a Record, payload: &str) -> Result<Option<Cow<'a, str>>, KeyError> {
        let borrowed = |text: Option<&'a str>| Ok(text.map(Cow::Borrowed));
        match self {
            Self::MessageId => borrowed(Some(record.message_id())),
            Self::DeduplicationId => borrowed(record.message_deduplication_id()),
            Self::Attribute(name) => borrowed(record.message_attribute(name).and_then(|attribute| attribute.as_str())),
            Self::Pointer(at) => match pointer::find(payload, at)? {
                Some(value) => Ok(pointer::key_text(value)?.map(Cow::Owned)),
                None => Ok(None),
            },
            Self::By(part) => Ok(part(record).map(Cow::Owned)),
        }
    }
}

impl Same {
    fn hash(&self, payload: &str) -> Result<PayloadHash, KeyError> {
        match self {
            Self::Body => Ok(PayloadHash::of(payload.as_bytes())),
            Self::KeyAlone => Ok(PayloadHash::of(b"")),
            Self::Fields(fields) => {
                let mut bytes = Vec::new();
                for field in &**fields {
                    match pointer::find(payload, field)? {
                        Some(value) => canonical::append(value, &mut bytes)?,
                        // Unlike anything that a value begins with.
                        None => bytes.push(0),
                    }
                    bytes.push(b';');
                }
                Ok(PayloadHash::of(&bytes))
            }
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let same = match &self.same {
            Same::Body => "same body".to_owned(),
            Same::Fields(fields) => format!("same {fields:?}"),
            Same::KeyAlone => "key alone".to_owned(),
        };
        write!(f, "Key({:?}, {same})", self.parts)
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |part: &Part| match part {
            Part::MessageId => "message id".to_owned(),
            Part::DeduplicationId => "deduplication id".to_owned(),
            Part::Attribute(name) => format!("attribute {name}"),
            Part::Pointer(pointer) => format!("pointer {pointer}"),
            Part::By(_) => "function".to_owned(),
        };
        let otherwise = self.or_message_id.then(|| "or message id".to_owned());
        f.debug_list().entries(self.parts.iter().map(name).chain(otherwise)).finish()
    }
}
