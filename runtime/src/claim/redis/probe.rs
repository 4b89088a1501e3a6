//! What can be found at the start, before it fails every message.

use redis::{aio::ConnectionLike, cmd};

use super::{RedisStore, call::Values, fate::Fate, time_left::TimeLeft};
use crate::claim::{IdempotencyKey, StoreError};

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    /// Writes a row and deletes it again, to find at the start what would else fail every message: no server, a replica, a
    /// user without access. Warns where the server may evict rows.
    ///
    /// # Errors
    ///
    /// If the row cannot be written; the error says what to do, where that is known.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let time = TimeLeft::new(&*self.clock, None);
        let key = IdempotencyKey::derive("probe", &[]);
        self.write(&self.scripts.probe, &key, Values::new(), (&time, 2)).await.map_err(Fate::into_error)?;
        if let Ok(Some(policy)) = time.share(1, self.eviction()).await {
            tracing::warn!(
                policy,
                "the server evicts rows when its memory is full; set maxmemory-policy to noeviction"
            );
        }
        Ok(())
    }

    /// The policy by which rows are evicted, where the server says so. Services that hide it, and clusters, say nothing.
    async fn eviction(&self) -> Result<Option<String>, Fate> {
        let said = cmd("INFO").arg("memory").query_async(&mut self.connection.clone()).await;
        let said: String = said.map_err(|error| Fate::of(&error))?;
        let policy = said.lines().find_map(|line| line.strip_prefix("maxmemory_policy:"));
        Ok(policy.filter(|policy| *policy != "noeviction").map(Into::into))
    }
}
