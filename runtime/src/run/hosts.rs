//! Settings that belong to one host, so that what a host cannot do does not compile.

/// Settings for the hosts that [`run_with`](super::run_with) may find itself in.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Hosts {
    #[cfg(feature = "lambda")]
    pub(crate) lambda: LambdaConfig,
}

impl Hosts {
    /// The defaults of every host.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Settings for Lambda.
    #[cfg(feature = "lambda")]
    #[must_use]
    pub fn lambda(self, lambda: LambdaConfig) -> Self {
        Self { lambda }
    }
}

/// Settings for a Lambda function.
///
/// ```
/// use sqs_runtime::run::{Hosts, LambdaConfig};
/// use std::time::Duration;
///
/// let hosts = Hosts::new().lambda(LambdaConfig::new().unknown_deadline(Duration::from_secs(30)));
/// ```
#[cfg(feature = "lambda")]
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LambdaConfig {
    pub(crate) unknown_deadline: Option<std::time::Duration>,
}

#[cfg(feature = "lambda")]
impl LambdaConfig {
    /// The defaults: the deadline that Lambda says; none where what it says is already past, as with `cargo lambda watch`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The time that an invocation gets where its deadline is already past when it starts, which only emulators send.
    #[must_use]
    pub fn unknown_deadline(self, time: std::time::Duration) -> Self {
        Self { unknown_deadline: Some(time) }
    }
}
