//! What a handler may return.

use serde::Serialize;

use super::Failure;
use crate::claim::{StoredResult, Writes};

/// A handler's success: what is kept of its value, and what is written together with it. Layers hand it on as it is.
///
/// By default nothing of the value is kept: a small row makes every later duplicate cheap.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Handled {
    pub(crate) result: StoredResult,
    pub(crate) writes: Option<Writes>,
}

/// What a handler may return: `()`, or a `Result` whose error becomes a [`Failure`].
///
/// Not every serialisable type: `Result` is one too, and its `Err` would be taken for a success.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    note = "a handler returns `()` or `Result<T, E>` with `T: serde::Serialize` and `E: Into<sqs_runtime::Failure>`"
)]
pub trait IntoHandled {
    /// Success or failure; the value is kept as JSON of at most so many bytes, and not at all where that is `None`.
    ///
    /// # Errors
    ///
    /// If the handler returned an error.
    fn into_handled(self, result_limit: Option<usize>) -> Result<Handled, Failure>;
}

impl IntoHandled for () {
    fn into_handled(self, result_limit: Option<usize>) -> Result<Handled, Failure> {
        Ok(handled(&self, result_limit))
    }
}

impl<T: Serialize, E: Into<Failure>> IntoHandled for Result<T, E> {
    fn into_handled(self, result_limit: Option<usize>) -> Result<Handled, Failure> {
        self.map(|value| handled(&value, result_limit)).map_err(Into::into)
    }
}

fn handled(value: &impl Serialize, result_limit: Option<usize>) -> Handled {
    let result = result_limit.map_or(StoredResult::Nothing, |limit| StoredResult::of(value, limit));
    Handled { result, writes: None }
}
