//! Keeps tokio's timers and sockets going beside a handler that blocks its thread.
//!
//! One worker thread of tokio waits for timers and sockets on behalf of all. When it wakes, it may run the task that became
//! ready before anybody else takes over that duty (tokio's issue 4730). If that task is a handler that blocks, no timer
//! fires and no socket is read any more, although other workers are idle: the batch-mates stall and the deadline passes
//! unnoticed. A task that comes from outside wakes an idle worker, which then takes the duty over. So while an invocation is
//! open, a thread sends an empty task every now and then. Between invocations it sleeps.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    thread,
    time::Duration,
};

use tokio::runtime::{Handle, RuntimeFlavor};

/// How long timers and sockets may stand still: well below the last quarter of the shortest reserve.
const PERIOD: Duration = Duration::from_millis(50);

/// The thread, started with the first invocation. Clones share it; it ends with the last of them.
#[derive(Clone, Default)]
pub(super) struct Ticker(Arc<OnceLock<Arc<Shared>>>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    woken: Condvar,
}

#[derive(Default)]
struct State {
    /// Invocations that are open.
    open: usize,
    /// The thread waits for one. Else it looks by itself within the period, and waking it would be two switches of threads for nothing.
    sleeps: bool,
}

/// An invocation that is open.
pub(super) struct Open(Arc<Shared>);

impl Ticker {
    /// Ticks until the returned value is dropped. Called within a tokio runtime.
    pub(super) fn open(&self) -> Open {
        let shared = self.0.get_or_init(start);
        let mut state = shared.state();
        state.open += 1;
        if std::mem::take(&mut state.sleeps) {
            shared.woken.notify_one();
        }
        drop(state);
        Open(Arc::clone(shared))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.state().open -= 1;
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn start() -> Arc<Shared> {
    let shared = Arc::new(Shared::default());
    let runtime = Handle::current();
    // With one thread there is no idle worker to wake.
    if runtime.runtime_flavor() != RuntimeFlavor::CurrentThread {
        let watched = Arc::downgrade(&shared);
        let started = thread::Builder::new().name("sqs-runtime-ticker".into()).spawn(move || tick(&watched, &runtime));
        if let Err(error) = started {
            tracing::warn!(%error, "no thread for the ticker: a handler that blocks may hold back an answer");
        }
    }
    shared
}

#[expect(clippy::disallowed_methods, reason = "an empty task, to wake a worker")]
fn tick(shared: &Weak<Shared>, runtime: &Handle) {
    while let Some(shared) = shared.upgrade() {
        let mut state = shared.state();
        if state.open == 0 {
            state.sleeps = true;
            // The limit is for the end: this thread looks up now and then whether anybody is left.
            drop(shared.woken.wait_timeout(state, Duration::from_secs(1)));
            continue;
        }
        let (state, _) = shared.woken.wait_timeout(state, PERIOD).unwrap_or_else(PoisonError::into_inner);
        let is_due = state.open > 0;
        drop(state);
        if is_due {
            drop(runtime.spawn(async {}));
        }
    }
}
