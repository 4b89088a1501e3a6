//! When a whole invocation fails for what its messages came to.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use super::Report;

/// When a whole invocation fails although its failures could be named.
///
/// Lambda does not slow its polling for failures that a partial batch response names: through an outage every message spends its
/// receives at full speed. It does for invocations that fail.
///
/// The price: of such an invocation Lambda deletes nothing. With [`Consumer::queue`](crate::Consumer::queue) what is done, and what has its
/// copy in the dead-letter queue, is deleted by the consumer before the invocation fails: a request for every ten. **Without it, and
/// where such a delete fails, those messages come back too**. Each time they spend a receive and a read to be found done, and where
/// their batch fails as often as `maxReceiveCount`, they end in the dead-letter queue although their work is done.
///
/// ```
/// use sqs_runtime::run::{FailsWhen, Report};
///
/// let fails = FailsWhen::new(|report| report.is_store_down() || report.has_shared_failure());
/// // As other libraries have it: an error where nothing succeeded, names else.
/// let as_a_whole = FailsWhen::new(Report::all_failed);
/// ```
#[derive(Clone)]
pub struct FailsWhen(Arc<dyn Fn(&Report) -> bool + Send + Sync>);

impl FailsWhen {
    /// When this says so. It is asked only where a message failed, and before the queue is told: for how long messages are hidden is not
    /// known by then.
    pub fn new(condition: impl Fn(&Report) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(condition))
    }

    /// The condition is the user's: one that panics has not said so.
    pub(super) fn holds(&self, report: &Report) -> bool {
        catch_unwind(AssertUnwindSafe(|| (self.0)(report))).unwrap_or(false)
    }
}

impl fmt::Debug for FailsWhen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FailsWhen(a function)")
    }
}
