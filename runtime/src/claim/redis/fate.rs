//! What an error of the client says about a write.

use redis::{ErrorKind, RedisError};

use crate::claim::StoreError;

/// What is known of a write that was neither done nor refused.
#[derive(Debug)]
pub(super) enum Fate {
    /// Nothing was written: no memory, a replica, denied, no connection.
    NotWritten(StoreError),
    /// It may have landed, or may land later: no answer, or one that says nothing.
    Unknown(StoreError),
}

/// Codes of a server that refused before its first write, and what to do about it, where that is known.
const NOT_WRITTEN: [(&str, &str); 15] = [
    ("ASK", "the key is moving to another node: this is a cluster, and needs a cluster connection"),
    ("BUSY", "a script of somebody's keeps the server busy"),
    ("CLUSTERDOWN", "the cluster does not serve this key"),
    ("LOADING", "the server is reading its data"),
    ("MASTERDOWN", "the primary is not there"),
    ("MISCONF", "the server cannot write to its disk"),
    ("MOVED", "the key is on another node: this is a cluster, and needs a cluster connection"),
    ("NOAUTH", "the server wants a password"),
    ("NOPERM", "the user needs evalsha, script|load, hgetall, hset, hdel and pexpire on the keys of the prefix"),
    ("NOREPLICAS", "too few replicas follow the server"),
    ("NOSCRIPT", "the server forgot a script as soon as it had it"),
    ("OOM", "the server's memory is full"),
    ("READONLY", "this is a replica; writes go to the primary"),
    ("TRYAGAIN", "the key is moving to another node"),
    ("WRONGPASS", "the server does not know this user or password"),
];

impl Fate {
    pub(super) fn of(error: &RedisError) -> Self {
        let code = code(error);
        if let Some((code, hint)) = NOT_WRITTEN.iter().find(|(known, _)| *known == code) {
            return Self::NotWritten(StoreError::new(format!("{code}: {hint}")));
        }
        let said = StoreError::new(describe(error));
        if was_not_sent(error) { Self::NotWritten(said) } else { Self::Unknown(said) }
    }

    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::NotWritten(error) | Self::Unknown(error) => error,
        }
    }
}

/// The code of a server's error. Before a stranger says its password it may send ten words, and ours are more: then the
/// server says `ERR` and hangs up.
fn code(error: &RedisError) -> &str {
    let is_stranger = error.detail().is_some_and(|detail| detail.contains("unauthenticated"));
    if is_stranger { "NOAUTH" } else { error.code().unwrap_or_default() }
}

/// Whether there was no connection to send it over. A cluster connection sends again by itself, and its last error says
/// nothing about what it sent before: where that did land, the lease that nobody holds runs out.
fn was_not_sent(error: &RedisError) -> bool {
    error.is_connection_refusal()
        || matches!(error.kind(), ErrorKind::AuthenticationFailed | ErrorKind::Client | ErrorKind::InvalidClientConfig)
}

/// The error in words. A server's by its code alone, and one of the reply's form by its kind alone: their texts may quote
/// the request or the row.
fn describe(error: &RedisError) -> String {
    match error.code() {
        Some(code) => format!("the server answered {code}"),
        None if error.is_io_error() => error.to_string(),
        None => format!("no usable answer: {}", error.category()),
    }
}
