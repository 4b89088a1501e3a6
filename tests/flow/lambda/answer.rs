//! What the process said about one invocation.

use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Deserialize;

/// What the process said about one invocation.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) request_id: String,
    kind: Kind,
    body: String,
    /// The time that was left until the deadline when the answer came; `None` where it was past.
    pub(super) time_left: Option<Duration>,
    /// The invocations that had been handed out and were not answered when this answer came, its own included.
    pub(super) pending: Vec<String>,
}

/// Under which name it was posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Response,
    Error,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PartialBatchResponse {
    batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BatchItemFailure {
    item_identifier: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InvocationError {
    error_type: String,
    error_message: String,
}

impl Answer {
    pub(super) fn new(
        request_id: String,
        kind: Kind,
        body: &[u8],
        time_left: Option<Duration>,
        pending: Vec<String>,
    ) -> Self {
        Self { request_id, kind, body: String::from_utf8_lossy(body).into_owned(), time_left, pending }
    }

    /// The ids that come back, in the order of the response.
    pub(super) fn failed_ids(&self) -> anyhow::Result<Vec<String>> {
        let response: PartialBatchResponse = self.read(Kind::Response)?;
        Ok(response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect())
    }

    /// The type of an invocation error, once it says something to people too.
    pub(super) fn error_type(&self) -> anyhow::Result<String> {
        let error: InvocationError = self.read(Kind::Error)?;
        if error.error_message.is_empty() {
            bail!("an error without a message: {self:?}");
        }
        Ok(error.error_type)
    }

    fn read<'a, T: Deserialize<'a>>(&'a self, kind: Kind) -> anyhow::Result<T> {
        if self.kind != kind {
            bail!("not posted as {kind:?}: {self:?}");
        }
        serde_json::from_str(&self.body).with_context(|| format!("{self:?}"))
    }
}
