//! How a message is guarded, and what a doubt means.

/// How messages are guarded against a second run.
///
/// | mode | requests for a message | what it gives |
/// | --- | --- | --- |
/// | [`Lease`](Self::Lease) | a claim before, a completion after | one handler at a time, one commit for each key |
/// | [`CommitOnly`](Self::CommitOnly) | one transaction after | one commit for each key; runs may overlap |
/// | [`MarkAfter`](Self::MarkAfter) | a mark after | keys that are done do not run again |
///
/// A message that may have been delivered before costs one read more, which spares the write that would be refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// One conditional write before the handler, one after it.
    #[default]
    Lease,
    /// Nothing before the handler: its writes commit together with its success, or not at all, through
    /// `extract::Transaction`. For handlers whose every effect is such a write: what runs twice at the same time wastes
    /// its work, and commits once.
    CommitOnly,
    /// Nothing before the handler; its success is marked after it. **At least once**: a message that comes twice at the same
    /// time, or whose process dies before the mark, runs twice. For handlers that are idempotent by nature.
    MarkAfter,
}

/// What becomes of a message whose handler succeeded when nobody can tell whether that was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnCommitUnknown {
    /// It comes back. If the success was recorded after all, that is a replay; if not, the handler runs again.
    #[default]
    Fail,
    /// It counts as done. The handler does not run again for this delivery, but a second delivery may, since nothing may be
    /// recorded.
    Acknowledge,
}
