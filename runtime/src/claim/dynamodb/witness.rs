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
        if context.response().is_none_or(|response| response.status().is_server_error()) {
            self.in_doubt.store(true, Ordering::Release);
        }
        Ok(())
    }
}
