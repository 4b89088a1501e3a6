//! An error in one line.

use std::error::Error;

/// An error and what caused it: HTTP clients and SDKs say in their own sentence only that sending failed.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    const MAX_CAUSES: usize = 8;
    let chain = std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source());
    chain.take(MAX_CAUSES).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
