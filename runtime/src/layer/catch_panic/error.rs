//! What is left of a panic.

use std::{
    any::Any,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// The handler, or a layer within, panicked.
#[derive(Debug)]
pub struct Panicked {
    message: Option<Box<str>>,
}

impl Panicked {
    /// Takes a panic's payload apart. Its own end may panic again; what that leaves behind is leaked.
    pub(crate) fn new(panic: Box<dyn Any + Send>) -> Self {
        let message = panic.downcast_ref::<&str>().map(|text| (*text).into());
        let message = message.or_else(|| panic.downcast_ref::<String>().map(|text| text.as_str().into()));
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
            std::mem::forget(again);
        }
        Self { message }
    }

    /// The panic's message, where it was a text.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message().unwrap_or("the panic has no message"))
    }
}

impl std::error::Error for Panicked {}
