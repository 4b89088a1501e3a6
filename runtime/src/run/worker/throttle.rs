//! Gives the process as many permits as the limit says.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::limit::Limit;

type Taking = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// A limit, and the permits that it withholds.
pub(super) struct Throttle {
    limit: Limit,
    permits: Arc<Semaphore>,
    most: usize,
    withheld: usize,
    /// Standing in line for permits to withhold, as the lanes do for theirs: those that come free go to whoever waits.
    taking: Option<Taking>,
}

impl Throttle {
    pub(super) fn new(least: usize, most: usize, permits: Arc<Semaphore>) -> Self {
        Self { limit: Limit::new(least, most), permits, most, withheld: 0, taking: None }
    }

    /// A run ended. Gives the limit where it is another one now.
    pub(super) fn ran(&mut self, took: Duration, failed: bool) -> Option<usize> {
        let before = self.limit.now();
        self.limit.ran(took, failed);
        let now = self.limit.now();
        (now != before).then(|| {
            self.settle();
            now
        })
    }

    /// Withholds what is too much as it comes free, and gives back what is not.
    fn settle(&mut self) {
        let wanted = self.most - self.limit.now();
        self.taking = None;
        if wanted <= self.withheld {
            self.permits.add_permits(self.withheld - wanted);
            self.withheld = wanted;
        } else if let Ok(more) = u32::try_from(wanted - self.withheld) {
            self.taking = Some(Box::pin(Arc::clone(&self.permits).acquire_many_owned(more)));
        }
    }

    /// Once more permits are withheld.
    pub(super) fn poll_withheld(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(taking) = &mut self.taking else { return Poll::Pending };
        let taken = ready!(taking.as_mut().poll(cx));
        self.taking = None;
        // Nobody closes them.
        let Ok(permits) = taken else { return Poll::Pending };
        self.withheld += permits.num_permits();
        permits.forget();
        Poll::Ready(())
    }
}
