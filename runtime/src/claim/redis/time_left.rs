//! How long an operation may still take, and how its requests share that.

use std::time::Duration;

use futures_util::future::{Either, select};

use super::fate::Fate;
use crate::{claim::StoreError, clock::Clock};

/// The longest that an operation takes with all its requests, where nothing else limits it.
const MAX_OPERATION: Duration = Duration::from_secs(10);

/// The time of one operation. The client's own timeout of one request may be shorter.
pub(super) struct TimeLeft<'a> {
    clock: &'a dyn Clock,
    until: Duration,
}

impl<'a> TimeLeft<'a> {
    pub(super) fn new(clock: &'a dyn Clock, time_left: Option<Duration>) -> Self {
        let time_left = time_left.unwrap_or(MAX_OPERATION).min(MAX_OPERATION);
        Self { clock, until: clock.monotonic() + time_left }
    }

    /// Waits for one of `requests` that are still to be sent, for its share of what is left: one that is not answered must
    /// leave time to ask what became of it.
    pub(super) async fn share<T>(
        &self,
        requests: u32,
        request: impl Future<Output = Result<T, Fate>> + Send,
    ) -> Result<T, Fate> {
        let left = self.until.saturating_sub(self.clock.monotonic());
        let timeout = self.clock.sleep(left / requests.max(1));
        match select(Box::pin(request), timeout).await {
            Either::Left((answer, _)) => answer,
            Either::Right(((), _)) => Err(Fate::Unknown(StoreError::new("no answer in time"))),
        }
    }
}
