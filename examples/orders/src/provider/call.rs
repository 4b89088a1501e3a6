//! One call, and its line in the log.

use std::io::{self, Write};

use serde::Serialize;

use super::ledger::Verdict;

/// How a call was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Reply {
    /// With what it came to.
    #[serde(rename = "sent")]
    Sent,
    /// Not at all: the connection was dropped after the charge.
    #[serde(rename = "lost")]
    Lost,
    /// With 503, nothing was charged.
    #[serde(rename = "503")]
    Unavailable,
}

/// A line of the log: an attempt at a charge, whatever it came to.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Call<'a> {
    pub(super) call: u64,
    pub(super) key: Option<&'a str>,
    pub(super) charged: Verdict,
    pub(super) total_cents: Option<u64>,
    pub(super) reply: Reply,
}

impl Call<'_> {
    /// One write and one flush, so that a reader sees whole lines.
    pub(super) fn write_to(&self, log: &mut impl Write) -> io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        log.write_all(&line)?;
        log.flush()
    }
}
