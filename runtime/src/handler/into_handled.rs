//! What a handler may return.

use serde::Serialize;

use super::Failure;

/// A handler's success. Its value is not kept: a small row makes every later duplicate cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Handled {}

/// What a handler may return: `()`, or a `Result` whose error becomes a [`Failure`].
///
/// Not every serialisable type: `Result` is one too, and its `Err` would be taken for a success.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    note = "a handler returns `()` or `Result<T, E>` with `T: serde::Serialize` and `E: Into<sqs_runtime::Failure>`"
)]
pub trait IntoHandled {
    /// Success or failure.
    ///
    /// # Errors
    ///
    /// If the handler returned an error.
    fn into_handled(self) -> Result<Handled, Failure>;
}

impl IntoHandled for () {
    fn into_handled(self) -> Result<Handled, Failure> {
        Ok(Handled::default())
    }
}

impl<T: Serialize, E: Into<Failure>> IntoHandled for Result<T, E> {
    fn into_handled(self) -> Result<Handled, Failure> {
        self.map(|_| Handled::default()).map_err(Into::into)
    }
}
