//! Many tasks that start at the same moment.
//!
//! tokio wakes a thread for each task that is spawned, unless one is looking for work already. Handlers are often done at their first poll,
//! so that the thread finds nothing more and sleeps, and is woken for the next: where threads share a core, as in a small function, each
//! task is two switches between them. So a few tasks, the starters, one for each thread, take what waits, poll it once, and only what is not
//! done then becomes a task of its own.
//!
//! A starter that takes a handler which blocks is lost for the others, and more of them may block than there are starters, where each gives its
//! thread away (`block_in_place`). So while something waits, another task starts more starters: whatever a thread is left for, it is not held
//! back by what was taken before.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    vec,
};

use tokio::{runtime::Handle, task::yield_now};

/// What waits for its first poll.
struct Waiting<T>(Mutex<vec::IntoIter<T>>);

impl<T> Waiting<T> {
    fn next(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len() == 0
    }
}

/// Starts all of them. Called within a tokio runtime.
pub(super) fn start(tasks: Vec<impl Future<Output = ()> + Send + 'static>) {
    // Fewer are no more wakes than starters would be.
    if tasks.len() <= 2 {
        return tasks.into_iter().for_each(spawn);
    }
    let starters = Handle::current().metrics().num_workers().min(tasks.len());
    let waiting = Arc::new(Waiting(Mutex::new(tasks.into_iter())));
    spawn(open_more(Arc::clone(&waiting)));
    for _ in 0..starters {
        spawn(starter(Arc::clone(&waiting)));
    }
}

async fn starter(waiting: Arc<Waiting<impl Future<Output = ()> + Send + 'static>>) {
    while let Some(task) = waiting.next() {
        let mut task = Box::pin(task);
        if !is_done_at_once(task.as_mut()).await {
            spawn(task);
        }
    }
}

/// One more for each turn that finds something waiting.
async fn open_more(waiting: Arc<Waiting<impl Future<Output = ()> + Send + 'static>>) {
    // After those that were started with it had their turn.
    yield_now().await;
    while !waiting.is_empty() {
        spawn(starter(Arc::clone(&waiting)));
        yield_now().await;
    }
}

/// Polls it once. What wakes the starter later is not heard: the task that it becomes is polled anew.
async fn is_done_at_once(mut task: Pin<&mut impl Future<Output = ()>>) -> bool {
    poll_fn(|cx| Poll::Ready(task.as_mut().poll(cx).is_ready())).await
}

#[expect(clippy::disallowed_methods, reason = "this is where tasks are spawned")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(task));
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        sync::{Barrier, mpsc},
        time::Duration,
    };

    use tokio::{
        runtime::{Builder, Runtime},
        task::block_in_place,
    };

    use super::*;

    /// Where something is never started a test has to say so, and not wait for it for ever.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// A runtime that does not wait for its threads when it is dropped: a test that fails may leave them blocked.
    struct Threads(Option<Runtime>);

    impl Drop for Threads {
        fn drop(&mut self) {
            self.0.take().into_iter().for_each(Runtime::shutdown_background);
        }
    }

    fn threads(count: usize) -> Threads {
        Threads(Builder::new_multi_thread().worker_threads(count).build().ok())
    }

    /// Starts as many of these and waits until each is done.
    fn all_end<T: Future<Output = ()> + Send + 'static>(threads: &Threads, count: usize, task: impl Fn() -> T) {
        let (tell, told) = mpsc::channel();
        let task = || {
            let (task, tell) = (task(), tell.clone());
            async move {
                task.await;
                let _ = tell.send(());
            }
        };
        let tasks = (0..count).map(|_| task()).collect();
        threads.0.as_ref().unwrap().block_on(async { spawn(async { start(tasks) }) });
        for _ in 0..count {
            told.recv_timeout(PATIENCE).unwrap();
        }
    }

    #[test]
    fn what_is_done_at_once_and_what_is_not_come_to_their_end() {
        for count in [0, 1, 2, 3, 100] {
            all_end(&threads(2), count, || async {});
            all_end(&threads(2), count, || async {
                for _ in 0..3 {
                    yield_now().await;
                }
            });
        }
    }

    #[test]
    fn what_is_done_at_once_is_no_task_of_its_own() {
        for (count, tasks) in [(2, 2), (100, 1)] {
            let ids = Arc::new(Mutex::new(BTreeSet::new()));
            all_end(&threads(1), count, || {
                let ids = Arc::clone(&ids);
                async move { _ = ids.lock().unwrap().insert(tokio::task::id().to_string()) }
            });
            assert_eq!(ids.lock().unwrap().len(), tasks);
        }
    }

    /// All of them are in their first poll at the same time, each on a thread of its own.
    #[test]
    fn those_that_block_use_every_thread() {
        let barrier = Arc::new(Barrier::new(4));
        let wait = || {
            let barrier = Arc::clone(&barrier);
            async move { _ = barrier.wait() }
        };
        all_end(&threads(4), 4, wait);
    }

    /// More than there are threads: each gives its own to the others.
    #[test]
    fn those_that_give_their_thread_away_hold_nobody_back() {
        let barrier = Arc::new(Barrier::new(10));
        let wait = || {
            let barrier = Arc::clone(&barrier);
            async move { _ = block_in_place(|| barrier.wait()) }
        };
        all_end(&threads(2), 10, wait);
    }

    /// On one thread, where nothing is woken, too. Nothing of it stays behind.
    #[test]
    fn one_thread_is_enough() {
        let (tell, told) = mpsc::channel();
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let task = |place| {
                let tell = tell.clone();
                async move {
                    yield_now().await;
                    tell.send(place).unwrap();
                }
            };
            start((0..5).map(task).collect());
            for _ in 0..100 {
                yield_now().await;
            }
            assert_eq!(told.try_iter().count(), 5);
            assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
        });
    }
}
