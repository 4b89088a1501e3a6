//! Stage 5, around the handler: one folder for each middleware, all of it tower's.
//!
//! From the outside in, one message meets:
//!
//! 1. the claim, made for all messages that are about to start together ([`run`](mod@crate::run));
//! 2. [`CatchPanic`]: whatever panics further in ends as a retry, and the claim is released;
//! 3. the layers of [`Consumer::layer`](crate::Consumer::layer): the one added last is met first, as with
//!    `tower::Layer` everywhere;
//! 4. the extractors, then the handler.
//!
//! [`Hooks`] is a layer for your functions that want to know how a handler ended.
//!
//! So a layer of yours runs inside the claim: it sees no message that is done already, and what it refuses is released.
//! A layer that drops the handler's future (a time-out, say) cancels it: effects may still be landing, so the claim is
//! *not* released but runs out.
//!
//! ```
//! use std::time::Duration;
//! use sqs_runtime::{Consumer, Failure};
//! use tower::timeout::TimeoutLayer;
//!
//! async fn charge() -> Result<(), Failure> {
//!     Ok(())
//! }
//! let consumer: Consumer = Consumer::new(charge).layer(TimeoutLayer::new(Duration::from_secs(5)));
//! ```

mod catch_panic;
mod hooks;

pub use self::{
    catch_panic::{CatchPanic, CatchPanicFuture, CatchPanicLayer, Panicked},
    hooks::{Hooked, HookedFuture, Hooks},
};
