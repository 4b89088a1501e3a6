//! Bugs that a simulation can plant in the pipeline, as values: none is there unless a test puts it there.

/// Which bugs are planted; by default none.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a bug of its own")]
pub(crate) struct Slips {
    /// A FIFO group goes on behind a failure.
    pub(crate) group_goes_on: bool,
    /// Nothing looks at the deadline.
    pub(crate) no_deadline_guard: bool,
    /// A claim is released although its completion may have landed.
    pub(crate) release_behind_a_completion: bool,
    /// Any number of handlers runs at a time.
    pub(crate) unbounded: bool,
    /// A message without its key gets one that all such messages share.
    pub(crate) key_of_null: bool,
    /// What is not recorded when the answer must leave counts as done.
    pub(crate) cut_as_success: bool,
}
