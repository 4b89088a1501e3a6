//! Deliveries and the tasks that they spawn, driven together, so that it shows when all of them wait.

use std::{
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::{Duration, SystemTime},
};

use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};

use crate::{
    Clock, SystemClock,
    run::Spawn,
    testkit::manual_clock::{ManualClock, Sleeps},
};

type Task = BoxFuture<'static, ()>;
type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The clock as the pipeline has it: its waits for a deadline are no reason to let time pass.
pub(super) struct PipelineClock(pub(super) ManualClock);

impl Clock for PipelineClock {
    fn wall(&self) -> SystemTime {
        self.0.wall()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn sleep(&self, duration: Duration) -> Timer {
        self.0.sleep_as(Sleeps::Pipeline, duration)
    }
}

/// Tasks that were spawned and are not driven yet.
#[derive(Clone, Default)]
pub(super) struct Inbox(Arc<Mutex<Vec<Task>>>);

impl Inbox {
    fn tasks(&self) -> MutexGuard<'_, Vec<Task>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spawn for Inbox {
    fn spawn(&self, task: Task) {
        self.tasks().push(task);
    }
}

/// Deliveries under way. Dropped, it takes its tasks along.
pub(super) struct Work<'a, F> {
    deliveries: Pin<Box<F>>,
    tasks: FuturesUnordered<Task>,
    inbox: &'a Inbox,
    clock: &'a ManualClock,
    woken: Arc<Woken>,
    /// How often in a row nothing was ready.
    idle: u32,
    tokio: SystemClock,
    /// Whether tokio's time is paused: then it jumps to the next timer as soon as all tasks of its runtime wait.
    is_paused: bool,
    /// Tokio's time up to which the clock has followed it.
    followed: Duration,
    /// Tokio's timer for the next who wakes by the clock.
    timer: Option<(Duration, Timer)>,
}

/// How often in a row nothing may be ready before it counts that all wait: tasks that others spawned get so many turns.
const PATIENCE: u32 = 32;

impl<'a, F> Work<'a, F> {
    pub(super) fn new(deliveries: F, inbox: &'a Inbox, clock: &'a ManualClock) -> Self {
        let tokio = SystemClock::new();
        // Of a delivery that was dropped.
        inbox.tasks().clear();
        Self {
            deliveries: Box::pin(deliveries),
            tasks: FuturesUnordered::new(),
            inbox,
            clock,
            woken: Arc::default(),
            idle: 0,
            is_paused: is_paused(&tokio),
            followed: tokio.monotonic(),
            tokio,
            timer: None,
        }
    }

    /// Drives the tasks; whether any of them, or the deliveries, can go on at once.
    fn drive_tasks(&mut self, cx: &mut Context<'_>) -> bool {
        self.tasks.extend(self.inbox.tasks().drain(..));
        while let Poll::Ready(Some(())) = self.tasks.poll_next_unpin(cx) {}
        self.woken.is_woken() || !self.inbox.tasks().is_empty()
    }

    /// Moves the clock by what tokio's paused time moved.
    fn follow(&mut self) {
        if self.is_paused {
            let now = self.tokio.monotonic();
            self.clock.advance(now.saturating_sub(self.followed));
            self.followed = now;
        }
    }

    /// Lets time pass until the next who wakes by the clock. Whether that was at once.
    fn pass_time(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(until) = self.clock.next_wake() else { return false };
        let left = until.saturating_sub(self.clock.monotonic());
        if !self.is_paused && self.clock.is_waited_on() {
            self.clock.advance(left);
            return true;
        }
        if self.timer.as_ref().is_none_or(|(other, _)| *other != until) {
            self.timer = Some((until, self.tokio.sleep(left)));
        }
        let has_passed = self.timer.as_mut().is_some_and(|(_, timer)| timer.as_mut().poll(cx).is_ready());
        if has_passed {
            self.timer = None;
            // Paused time is followed; real time is not, but for this.
            self.clock.advance(if self.is_paused { Duration::ZERO } else { left });
        }
        has_passed
    }

    /// Nothing is ready. Whether to look again at once.
    fn wait(&mut self, cx: &mut Context<'_>) -> bool {
        self.idle = self.idle.saturating_add(1);
        if self.idle < PATIENCE {
            return true;
        }
        let has_passed = self.pass_time(cx);
        self.idle = if has_passed { 0 } else { self.idle };
        has_passed
    }
}

impl<F: Future> Future for Work<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let work = &mut *self;
        work.follow();
        // Woken since the last look: by another thread, or by tokio, which wakes who yields only after the task was left.
        if work.woken.is_woken() {
            work.idle = 0;
        }
        let waker = Waker::from(work.woken.begin(cx.waker()));
        let mut inner = Context::from_waker(&waker);
        if let Poll::Ready(delivered) = work.deliveries.as_mut().poll(&mut inner) {
            return Poll::Ready(delivered);
        }
        let is_ready = work.drive_tasks(&mut inner);
        if is_ready {
            work.idle = 0;
        }
        // By way of the runtime and not in a loop: its other tasks get their turn, and its budget is renewed.
        if is_ready || work.wait(cx) {
            yield_now(cx);
        }
        Poll::Pending
    }
}

/// Has the task polled again, after whoever yielded before it and after a look at timers and sockets.
fn yield_now(cx: &mut Context<'_>) {
    let _ = pin!(tokio::task::yield_now()).poll(cx);
}

/// Tokio's time stands still however often one looks, or moves at once.
fn is_paused(tokio: &SystemClock) -> bool {
    let first = tokio.monotonic();
    (0..10_000).all(|_| tokio.monotonic() == first)
}

/// Remembers whether anything was woken since it was asked to.
#[derive(Default)]
struct Woken {
    is_woken: AtomicBool,
    parent: Mutex<Option<Waker>>,
}

impl Woken {
    fn begin(self: &Arc<Self>, parent: &Waker) -> Arc<Self> {
        self.is_woken.store(false, Ordering::SeqCst);
        self.parent().clone_from(&Some(parent.clone()));
        Arc::clone(self)
    }

    fn is_woken(&self) -> bool {
        self.is_woken.load(Ordering::SeqCst)
    }

    fn parent(&self) -> MutexGuard<'_, Option<Waker>> {
        self.parent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::SeqCst);
        let parent = self.parent().clone();
        parent.into_iter().for_each(Waker::wake);
    }
}
