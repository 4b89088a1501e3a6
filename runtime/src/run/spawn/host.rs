//! The task of a host.

use tokio::task::JoinHandle;

/// Runs it as a task, which ends with the caller.
///
/// The thread of `block_on` is none of the runtime's own: whatever is awaited there wakes one thread and then another, at each message.
#[expect(clippy::disallowed_methods, reason = "this is where tasks are spawned")]
pub(in crate::run) async fn off_the_main_thread<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> T {
    let mut task = EndsWithCaller(tokio::spawn(task));
    match (&mut task.0).await {
        Ok(output) => output,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that shuts down cancels it, and it drops the caller too.
            Err(_) => std::future::pending().await,
        },
    }
}

struct EndsWithCaller<T>(JoinHandle<T>);

impl<T> Drop for EndsWithCaller<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, poll_fn},
        panic::{AssertUnwindSafe, catch_unwind},
        pin::pin,
        sync::mpsc::{self, RecvTimeoutError},
        task::Poll,
        thread,
        time::Duration,
    };

    use tokio::runtime::Runtime;

    use super::*;

    #[test]
    fn a_task_of_the_host_is_off_the_callers_thread() {
        let runtime = Runtime::new().unwrap();
        let other = runtime.block_on(off_the_main_thread(async { thread::current().id() }));
        assert_ne!(other, thread::current().id());
    }

    #[test]
    fn it_ends_with_its_caller() {
        let runtime = Runtime::new().unwrap();
        let (held, gone) = mpsc::channel::<()>();
        let task = async move {
            let _held = held;
            pending::<()>().await;
        };
        runtime.block_on(async {
            let mut caller = pin!(off_the_main_thread(task));
            poll_fn(|cx| {
                assert!(caller.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
        });
        assert_eq!(gone.recv_timeout(Duration::from_secs(10)), Err(RecvTimeoutError::Disconnected));
    }

    #[test]
    fn its_panic_is_the_callers() {
        let runtime = Runtime::new().unwrap();
        let caller = || runtime.block_on(off_the_main_thread(async { std::panic::resume_unwind(Box::new("mine")) }));
        let panic = catch_unwind(AssertUnwindSafe(caller)).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"mine"));
    }
}
