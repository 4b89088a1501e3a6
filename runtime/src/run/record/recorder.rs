//! Keeps the events of a deployment.
//!
//! An invocation hands its event to a thread and goes on: reading, redacting and writing happen there. Before its answer leaves it
//! waits for its file, but only for a moment, for Lambda freezes the process behind the answer. A worker hands over each receive
//! as the event of an invocation, and waits for nothing. Whatever goes wrong here is one warning: it fails no invocation.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use tokio::sync::oneshot;

use super::{MAX_BYTES, MAX_FILES, MAX_FOLDER_BYTES, Redactor, file::Files, redact};
use crate::clock::{SharedClock, epoch_ms};

/// How many events may wait for the thread; what comes on top of them is not recorded.
const WAITING: usize = 2;

/// The folder that the environment names.
#[expect(clippy::disallowed_methods, reason = "whether events are recorded stands in the environment")]
fn folder_from_env() -> Option<PathBuf> {
    std::env::var_os("SQS_RUNTIME_RECORD").filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// Records events. Clones share the thread, which is started with the first event and ends with the last clone.
#[derive(Clone)]
pub(in crate::run) struct Recorder(Arc<Shared>);

struct Shared {
    folder: PathBuf,
    redactor: Option<Redactor>,
    clock: SharedClock,
    thread: OnceLock<Option<SyncSender<Job>>>,
    state: Arc<State>,
}

/// What the invocations and the thread tell each other.
#[derive(Default)]
struct State {
    is_full: AtomicBool,
    has_warned: AtomicBool,
}

/// An event on its way to the thread.
struct Job {
    event: Box<str>,
    epoch_ms: u64,
    /// Dropped when the event is dealt with, whatever became of it.
    done: oneshot::Sender<()>,
}

impl Recorder {
    /// Into this folder, else into the one that the environment names; `None` where neither is there.
    pub(in crate::run) fn of(folder: Option<PathBuf>, redactor: Option<Redactor>, clock: &SharedClock) -> Option<Self> {
        let folder = folder.or_else(folder_from_env)?;
        Some(Self::new(folder, redactor, Arc::clone(clock)))
    }

    fn new(folder: PathBuf, redactor: Option<Redactor>, clock: SharedClock) -> Self {
        Self(Arc::new(Shared { folder, redactor, clock, thread: OnceLock::new(), state: Arc::default() }))
    }

    /// Whether an event would be recorded.
    #[cfg(feature = "worker")]
    pub(in crate::run) fn has_room(&self) -> bool {
        !self.0.state.is_full.load(Ordering::Relaxed)
    }

    /// Has an event recorded. What is returned waits for that.
    pub(in crate::run) fn record(&self, event: &str) -> Recording {
        let shared = &self.0;
        if shared.state.is_full.load(Ordering::Relaxed) {
            return Recording(None);
        }
        if event.len() > MAX_BYTES {
            shared.state.warn("it is too long");
            return Recording(None);
        }
        let (done, landed) = oneshot::channel();
        let job = Job { event: event.into(), epoch_ms: epoch_ms(shared.clock.wall()), done };
        let thread = shared.thread.get_or_init(|| shared.start());
        match thread.as_ref().map(|thread| thread.try_send(job)) {
            Some(Ok(())) => Recording(Some((landed, Arc::clone(&shared.clock)))),
            Some(Err(TrySendError::Full(_))) => {
                shared.state.warn("events come faster than they are written");
                Recording(None)
            }
            // The thread has ended: it said why.
            Some(Err(TrySendError::Disconnected(_))) | None => Recording(None),
        }
    }
}

/// An event that is being recorded.
#[cfg_attr(not(feature = "lambda"), expect(dead_code, reason = "a worker waits for no file"))]
pub(in crate::run) struct Recording(Option<(oneshot::Receiver<()>, SharedClock)>);

#[cfg(feature = "lambda")]
impl Recording {
    /// How long an answer waits for its event's file.
    const PATIENCE: std::time::Duration = std::time::Duration::from_millis(50);

    /// Waits until the event is dealt with, for a moment at most.
    pub(in crate::run) async fn landed(self) {
        if let Self(Some((landed, clock))) = self {
            drop(futures_util::future::select(landed, clock.sleep(Self::PATIENCE)).await);
        }
    }
}

impl Shared {
    fn start(&self) -> Option<SyncSender<Job>> {
        let (jobs, queue) = sync_channel(WAITING);
        let files = Files::new(self.folder.clone());
        let (redactor, state) = (self.redactor.clone(), Arc::clone(&self.state));
        let work = move || write_all(&queue, files, redactor.as_ref(), &state);
        match thread::Builder::new().name("sqs-runtime-recorder".into()).spawn(work) {
            Ok(_) => Some(jobs),
            Err(error) => {
                self.state.warn(&format!("no thread: {error}"));
                None
            }
        }
    }
}

/// The thread.
fn write_all(queue: &Receiver<Job>, mut files: Files, redactor: Option<&Redactor>, state: &State) {
    while let Ok(Job { event, epoch_ms, done }) = queue.recv() {
        // The redactor is the user's and may panic.
        let written = catch_unwind(AssertUnwindSafe(|| {
            let redacted = redact::event(&event, redactor);
            files.write(&redacted, epoch_ms).map(drop).map_err(|error| error.to_string())
        }));
        match written {
            Ok(Ok(())) => {}
            Ok(Err(why)) => state.warn(&why),
            Err(_) => state.warn("its redactor panicked"),
        }
        if files.is_full() && !state.is_full.swap(true, Ordering::Relaxed) {
            tracing::info!(folder = %files.folder().display(), files = MAX_FILES, bytes = MAX_FOLDER_BYTES, "the folder has all the events that are recorded");
        }
        drop(done);
    }
}

impl State {
    /// Says it once: recording is no reason to flood a log.
    fn warn(&self, why: &str) {
        if !self.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(error = why, "an event was not recorded; said once");
        }
    }
}
