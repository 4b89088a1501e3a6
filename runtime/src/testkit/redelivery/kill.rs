//! A process that dies at the n-th of its kill points.

use std::{
    future::{pending, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
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
    /// Some point lay in what a handler does.
    tries_a_handler: AtomicBool,
    /// Whoever delivers to the process: it may die in a task that nobody waits for.
    deliverer: AtomicWaker,
}

impl Kill {
    /// At that point, counted from 1.
    pub(super) fn at(at: usize) -> Self {
        let (passed, tries_a_handler, deliverer) = Default::default();
        Self(Arc::new(Process { at, passed, tries_a_handler, deliverer }))
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

    /// A handler waits at a point that was passed.
    pub(super) fn tries_a_handler(&self) {
        self.0.tries_a_handler.store(true, Ordering::SeqCst);
    }

    pub(super) fn tried_a_handler(&self) -> bool {
        self.0.tries_a_handler.load(Ordering::SeqCst)
    }

    /// Passes a point, or dies there.
    pub(super) fn pass(&self, point: KillPoint) {
        if point.is_of_a_handler() {
            self.tries_a_handler();
        }
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

    /// What came of it, or `None` as soon as the process is dead. What is left of it then stands still and is whole.
    pub(super) async fn or_death<T>(&self, mut delivery: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        poll_fn(|cx| {
            self.0.deliverer.register(cx.waker());
            if self.is_dead() {
                return Poll::Ready(None);
            }
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
        assert_eq!(kill.or_death(pin!(async {})).now_or_never(), Some(None), "its answer reaches nobody");
        kill.pass(point());
        assert_eq!(kill.passed(), [point()]);
    }
}
