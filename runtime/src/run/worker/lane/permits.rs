//! Permits for the messages of one receive, taken before it: what was received and cannot run would only lose time and receives.

use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Polled;
use crate::{queue::MAX_ENTRIES, run::pipeline::Permits};

/// How many permits are enough for a receive. A request for ten messages costs what a request for one does.
const ENOUGH: usize = MAX_ENTRIES / 2;

/// How long a receive that has fewer waits for all that it may have, and a queue that has its share for others that have less.
const GATHER: Duration = Duration::from_millis(50);

impl Polled {
    /// Waits for one permit, and takes as many as there are for one receive.
    pub(super) async fn take_permits(&self) -> Permits {
        let _alone = self.gathering.lock().await;
        let mut permits = loop {
            // Nobody closes these, so that the wait ends with a permit.
            let queue = Arc::clone(&self.share.permits).acquire_owned().await;
            if self.turns.should_yield(&self.share) {
                self.common.seams.clock.sleep(GATHER).await;
            }
            let process = self.turns.take(&self.share, self.common.pipeline.permits()).await;
            if let (Ok(queue), Some(process)) = (queue, process) {
                break Permits { process, queue };
            }
        };
        self.more(&mut permits);
        if permits.len() < ENOUGH.min(self.most(permits.len())) {
            self.gather(&mut permits).await;
            self.more(&mut permits);
        }
        permits
    }

    /// How many messages a receive of this queue may ask for that has so many permits. While the queue has nothing to give it holds its share at
    /// most, so that a long poll for nothing does not keep permits from other queues; and while those want some it takes no more than that.
    fn most(&self, has: usize) -> usize {
        let share = &self.share;
        let most = match (self.turns.others_want(share), share.is_busy()) {
            (true, _) => share.fair.saturating_sub(share.held()).saturating_add(has),
            (false, false) => share.fair,
            (false, true) => share.concurrency,
        };
        most.clamp(has, MAX_ENTRIES.max(has))
    }

    /// Waits for all that are missing, for a moment at most: short handlers give theirs back long before that.
    async fn gather(&self, permits: &mut Permits) {
        let missing = self.most(permits.len()).saturating_sub(permits.len());
        let all =
            async { all(&self.share.permits, missing).await.zip(all(self.common.pipeline.permits(), missing).await) };
        let moment = self.common.seams.clock.sleep(GATHER);
        if let Either::Left((Some((mine, shared)), _)) = select(pin!(all), moment).await {
            permits.queue.merge(mine);
            permits.process.merge(shared);
        }
    }

    fn more(&self, permits: &mut Permits) {
        let process = self.common.pipeline.permits();
        let wanted = self.most(permits.len()).saturating_sub(permits.len());
        let free = wanted.min(self.share.permits.available_permits()).min(process.available_permits());
        // Others take them too: fewer where these are gone.
        for more in (1..=free).rev() {
            if let Some((mine, shared)) = take(&self.share.permits, more).zip(take(process, more)) {
                permits.queue.merge(mine);
                permits.process.merge(shared);
                return;
            }
        }
    }
}

async fn all(permits: &Arc<Semaphore>, many: usize) -> Option<OwnedSemaphorePermit> {
    Arc::clone(permits).acquire_many_owned(u32::try_from(many).ok()?).await.ok()
}

fn take(permits: &Arc<Semaphore>, many: usize) -> Option<OwnedSemaphorePermit> {
    Arc::clone(permits).try_acquire_many_owned(u32::try_from(many).ok()?).ok()
}
