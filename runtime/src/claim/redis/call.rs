//! One script on one key, bounded in time.

use redis::{RedisError, Script, aio::ConnectionLike};

use super::{
    RedisStore,
    fate::Fate,
    fields::{self, Fields, MAX_NUMBER, SCHEMA},
    time_left::TimeLeft,
};
use crate::claim::{
    IdempotencyKey, Lease, StoreError, StoredResult,
    protocol::{Found, Row, Write},
};

/// What a script is told, by name.
pub(super) type Values = Vec<(&'static str, String)>;

/// A number as it is stored. One that is too large for Lua stands for a moment that never comes, and so does the largest.
pub(super) fn number(number: u64) -> String {
    number.min(MAX_NUMBER).to_string()
}

/// The values by which a lease names itself.
pub(super) fn held(lease: &Lease) -> Values {
    vec![("owner", lease.owner().to_text()), ("fence", number(lease.fencing_token().0))]
}

/// The field of a result, where something is kept of it.
pub(super) fn kept(result: &StoredResult) -> Option<(&'static str, String)> {
    match result {
        StoredResult::Nothing => None,
        StoredResult::Kept(json) => Some(("data", json.to_string())),
        StoredResult::Omitted => Some(("omitted", "1".into())),
    }
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    /// Writes, and gives the row that was written.
    pub(super) async fn write_row(
        &self,
        script: &Script,
        key: &IdempotencyKey,
        values: Values,
        (time, requests): (&TimeLeft<'_>, u32),
    ) -> Result<Write<Row>, Fate> {
        match time.share(requests, self.run(script, key, values)).await? {
            Write::Refused(found) => Ok(Write::Refused(found)),
            Write::Written(fields) => match fields::row(&fields) {
                Some(row) => Ok(Write::Written(row)),
                None => Err(Fate::Unknown(StoreError::new("the write did not return its row"))),
            },
        }
    }

    /// Writes. `requests` are those of the operation that are still to be sent, this one included.
    pub(super) async fn write(
        &self,
        script: &Script,
        key: &IdempotencyKey,
        values: Values,
        (time, requests): (&TimeLeft<'_>, u32),
    ) -> Result<Write, Fate> {
        Ok(match time.share(requests, self.run(script, key, values)).await? {
            Write::Written(_) => Write::Written(()),
            Write::Refused(found) => Write::Refused(found),
        })
    }

    /// What is stored now, the last request of its operation.
    pub(super) async fn read(&self, key: &IdempotencyKey, time: &TimeLeft<'_>) -> Result<Found, Fate> {
        match self.write(&self.scripts.read, key, Values::new(), (time, 1)).await? {
            Write::Refused(found) => Ok(found),
            Write::Written(()) => Err(Fate::Unknown(StoreError::new("a read wrote"))),
        }
    }

    async fn run(&self, script: &Script, key: &IdempotencyKey, values: Values) -> Result<Write<Fields>, Fate> {
        let mut call = script.key(format!("{}{}", self.prefix, key.as_str()));
        call.arg("v").arg(SCHEMA);
        for (name, value) in values {
            call.arg(name).arg(value);
        }
        let answer: Result<(bool, Fields), RedisError> = call.invoke_async(&mut self.connection.clone()).await;
        match answer {
            Ok((true, fields)) => Ok(Write::Written(fields)),
            Ok((false, fields)) => Ok(Write::Refused(fields::found(&fields))),
            // The key is there and holds no hash.
            Err(error) if error.code() == Some("WRONGTYPE") => Ok(Write::Refused(Found::Corrupt)),
            Err(error) => Err(Fate::of(&error)),
        }
    }
}
