//! What else is out of the ordinary, and nobody's fault.

/// What not every simulation meets and nothing went wrong by, how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Circumstances {
    /// Invocations that a process began beside others.
    pub joined: u64,
    /// Batches that waited to be filled.
    pub windows: u64,
    /// Batches that were closed because an event may not be larger.
    pub closed_by_size: u64,
    /// Polls that found messages and were not let have an invocation yet.
    pub held_back: u64,
    /// Messages that a queue hid first.
    pub delayed: u64,
    /// Messages that a FIFO queue knew already.
    pub deduplicated: u64,
    /// Rows that were removed when their retention was over.
    pub removed_rows: u64,
}

impl Circumstances {
    /// All of them, by name.
    #[must_use]
    pub fn named(&self) -> [(&'static str, u64); 7] {
        [
            ("joined", self.joined),
            ("windows", self.windows),
            ("closed_by_size", self.closed_by_size),
            ("held_back", self.held_back),
            ("delayed", self.delayed),
            ("deduplicated", self.deduplicated),
            ("removed_rows", self.removed_rows),
        ]
    }
}
