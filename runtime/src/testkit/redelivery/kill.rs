//! A process that dies at the n-th of its kill points.

use std::{
    future::{pending, poll_fn},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use futures_util::task::AtomicWaker;

use super::{KillPoint, wait::Wait};

/// Notes the kill points that a process passes, and ends it at one of them. Clones are the same process.
#[derive(Clone)]
pub(super) struct Kill(Arc<Process>);

struct Process {
    at: usize,
    passed: Mutex<Vec<KillPoint>>,
    /// Whoever delivers to the process: it may die in a task that nobody waits for.
    deliverer: AtomicWaker,
}

impl Kill {
    /// At that point, counted from 1.
    pub(super) fn at(at: usize) -> Self {
        Self(Arc::new(Process { at, passed: Mutex::default(), deliverer: AtomicWaker::new() }))
    }

    /// The process lives.
    pub(super) fn never() -> Self {
        Self::at(usize::MAX)
    }

    /// The points that were passed so far; the last one is where a dead process died.
    pub(super) fn passed(&self) -> Vec<KillPoint> {
        self.points().clone()
    }

    pub(super) fn count(&self) -> usize {
        self.points().len()
    }

    pub(super) fn is_dead(&self) -> bool {
        self.count() >= self.0.at
    }

    /// Passes a point, or dies there.
    pub(super) fn pass(&self, point: KillPoint) {
        let mut points = self.points();
        // The dead pass nothing.
        if points.len() < self.0.at {
            points.push(point);
            if points.len() == self.0.at {
                self.0.deliverer.wake();
            }
        }
    }

    /// Passes a point and lets others go first; of a process that dies there nothing goes on.
    pub(super) async fn reach(&self, point: KillPoint) {
        self.pass(point);
        Wait::default().await;
        if self.is_dead() {
            pending::<()>().await;
        }
    }

    /// A part of the process: it does nothing once that is dead.
    pub(super) async fn while_alive<T>(&self, part: impl Future<Output = T>) -> T {
        let mut part = pin!(part);
        poll_fn(|cx| if self.is_dead() { Poll::Pending } else { part.as_mut().poll(cx) }).await
    }

    /// What came of it, or `None` as soon as the process is dead.
    pub(super) async fn or_death<T>(&self, delivery: impl Future<Output = T>) -> Option<T> {
        let mut delivery = pin!(delivery);
        poll_fn(|cx| {
            self.0.deliverer.register(cx.waker());
            match delivery.as_mut().poll(cx) {
                _ if self.is_dead() => Poll::Ready(None),
                polled => polled.map(Some),
            }
        })
        .await
    }

    fn points(&self) -> MutexGuard<'_, Vec<KillPoint>> {
        self.0.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::testkit::redelivery::point::Moment;

    #[test]
    fn the_dead_do_nothing() {
        let (kill, point) = (Kill::at(1), || KillPoint::in_store("claim", Moment::Before));
        assert!(kill.while_alive(async {}).now_or_never().is_some());
        kill.pass(point());
        assert!(kill.is_dead());
        assert!(kill.while_alive(async {}).now_or_never().is_none());
        assert_eq!(kill.or_death(async {}).now_or_never(), Some(None), "its answer reaches nobody");
        kill.pass(point());
        assert_eq!(kill.passed(), [point()]);
    }
}
