//! What an operation's attempts met on the wire: the SDK's last error alone does not say what became of the earlier ones.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use aws_sdk_dynamodb::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{BeforeDeserializationInterceptorContextRef, FinalizerInterceptorContextRef},
    },
    error::BoxError,
    operation::transact_write_items::TransactWriteItemsError,
    primitives::{DateTime, DateTimeFormat},
};

use super::server_clock::ServerClock;

/// Watches the attempts of one operation.
#[derive(Clone, Debug)]
pub(super) struct Witness {
    in_doubt: Arc<AtomicBool>,
    server_clock: Arc<ServerClock>,
}

impl Witness {
    pub(super) fn new(server_clock: Arc<ServerClock>) -> Self {
        Self { in_doubt: Arc::default(), server_clock }
    }

    /// Whether an attempt got no answer, or one that leaves open what was done.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.in_doubt.load(Ordering::Acquire)
    }
}

impl Intercept for Witness {
    fn name(&self) -> &'static str {
        "Witness"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        if let Some(date) = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok()) {
            self.server_clock.note(date.to_millis().unwrap_or_default());
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_answered = context.response().is_some_and(|response| !response.status().is_server_error());
        if !is_answered || is_in_progress(context) {
            self.in_doubt.store(true, Ordering::Release);
        }
        Ok(())
    }
}

/// Whether an earlier attempt of the same transaction goes on: the SDK tries again by itself, and may hear something else.
fn is_in_progress(context: &FinalizerInterceptorContextRef<'_>) -> bool {
    let error = context.output_or_error().and_then(Result::err).and_then(|error| error.as_operation_error());
    let error = error.and_then(|error| error.downcast_ref::<TransactWriteItemsError>());
    error.is_some_and(TransactWriteItemsError::is_transaction_in_progress_exception)
}
