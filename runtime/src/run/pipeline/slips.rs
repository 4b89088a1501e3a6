//! Bugs that a simulation can plant in the pipeline, as values: none is there unless a test puts it there.

/// Which bugs are planted; by default none.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(not(feature = "worker"), expect(dead_code, reason = "some are a worker's"))]
#[expect(clippy::struct_excessive_bools, reason = "each is a bug of its own")]
pub(crate) struct Slips {
    /// A FIFO group goes on behind a failure.
    pub(crate) group_goes_on: bool,
    /// Messages of a FIFO group start beside each other.
    pub(crate) groups_at_once: bool,
    /// A group on a standard queue is taken for one of a FIFO queue.
    pub(crate) groups_on_any_queue: bool,
    /// A message whose claim met a store that does not answer counts as done before.
    pub(crate) unavailable_as_done: bool,
    /// A message whose claim met such a store runs without it.
    pub(crate) unavailable_runs: bool,
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
    /// A success is recorded without its handler's writes.
    pub(crate) writes_left_behind: bool,
    /// A breaker that is open blocks completions too.
    pub(crate) breaker_blocks_completions: bool,
    /// A message counts as dead-lettered although nobody confirmed its copy.
    pub(crate) copy_unconfirmed: bool,
    /// A consumer that acknowledges by itself deletes what failed too.
    pub(crate) failures_acknowledged: bool,
    /// Messages are hidden for as long as anybody asks.
    pub(crate) hidden_too_long: bool,
    /// A FIFO message is tried to its last receive, whoever stands behind it.
    pub(crate) head_takes_every_receive: bool,
    /// A worker keeps a message hidden whose loss was answered.
    pub(crate) beats_after_a_loss: bool,
    /// A worker says what became of a message while a beat about it is under way.
    pub(crate) speaks_over_a_beat: bool,
    /// A worker speaks for messages that it lost.
    pub(crate) speaks_for_the_lost: bool,
    /// A worker receives first, and waits for permits then.
    pub(crate) permits_after_the_receive: bool,
    /// A worker that stops leaves hidden what it did not start.
    pub(crate) keeps_the_unstarted: bool,
}
