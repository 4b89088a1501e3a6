//! What the hooks of one message are told.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tower::BoxError;

use super::Hooks;
use crate::{
    batch::Record,
    handler::{Failure, Handled},
    layer::Panicked,
};

/// Who is told about which message.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) record: Record,
    pub(super) hooks: Hooks,
}

impl Told {
    /// Tells the hooks, and hands on what the layers further out would have seen without.
    pub(super) fn of(&self, result: Result<Handled, BoxError>) -> Result<Handled, BoxError> {
        match result {
            Ok(handled) => {
                if let Some(hook) = &self.hooks.on_success {
                    self.call(|| hook(&self.record));
                }
                Ok(handled)
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// A failure owns its error, so one is made of what was no failure yet, lent to the hook, and taken apart again.
    fn failed(&self, error: BoxError) -> BoxError {
        let Some(hook) = &self.hooks.on_failure else { return error };
        let was_failure = Failure::behind(&error).is_some();
        let failure = Failure::from_layers(error);
        if !failure.is_nothing_to_do() {
            self.call(|| hook(&self.record, &failure));
        }
        if was_failure { failure.into_error() } else { failure.into_cause() }
    }

    fn call(&self, hook: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(hook)) {
            let (panic, message_id) = (Panicked::new(panic), self.record.display_id());
            tracing::error!(%panic, messageId = &*message_id, "a hook panicked; the message's outcome stays");
        }
    }
}
