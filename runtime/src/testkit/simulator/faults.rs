//! What goes wrong, and how often.

use std::time::Duration;

/// How often each thing goes wrong, in a thousand chances, while faults are on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Faults {
    /// A process is gone, after any step of any of its tasks; a worker is killed so.
    pub crash: u32,
    /// Lambda refuses an invocation; its messages come back after their visibility timeout, with a receive burnt.
    pub throttle: u32,
    /// A standard queue hands a batch, or what a worker receives, out to somebody else too.
    pub duplicate: u32,
    /// A message that was done is not deleted.
    pub lost_delete: u32,
    /// A process stands still for a while in the middle of an invocation, a worker in any minute, and goes on where it was: a virtual
    /// machine that was paused or moved.
    pub pause: u32,
    /// A record loses its message id on the way, as no mapping does but a direct invocation can: the invocation must err.
    pub unnamed: u32,
    /// The function gets an event of another source beside its own: it must err.
    pub foreign: u32,
    /// An idle process is ended.
    pub recycle: u32,
    /// A worker is told to stop, in any minute: a deployment, or fewer machines.
    pub stop: u32,
    /// Something is wrong with a request to the store: refused, lost, its reply lost, late, twice or slow.
    pub store: u32,
    /// From when on the store is away, and for how long, each time: it refuses every request.
    pub outages: Vec<(Duration, Duration)>,
    /// Or it answers none: then nobody knows what became of it.
    pub outages_are_silent: bool,
    /// A process has a clock that is off and timers that are late.
    pub odd_clock: u32,
    /// How far a clock is off at most, either way. Where two can differ by more than the protocol's skew of 1 s, handlers may
    /// overlap; commits never do.
    pub skew: Duration,
    /// How late timers are at most.
    pub lateness: Duration,
    /// How long a process stands still at most.
    pub longest_pause: Duration,
    /// When faults end: from then on everything works, and every message must come to its end.
    pub until: Duration,
}

impl Faults {
    /// Nothing goes wrong.
    #[must_use]
    pub fn none() -> Self {
        Self {
            crash: 0,
            throttle: 0,
            duplicate: 0,
            lost_delete: 0,
            pause: 0,
            unnamed: 0,
            foreign: 0,
            recycle: 0,
            stop: 0,
            store: 0,
            outages: Vec::new(),
            outages_are_silent: false,
            odd_clock: 0,
            skew: Duration::ZERO,
            lateness: Duration::ZERO,
            longest_pause: Duration::ZERO,
            until: Duration::ZERO,
        }
    }

    /// Everything goes wrong often, for half an hour.
    #[must_use]
    pub fn all() -> Self {
        Self {
            crash: 4,
            throttle: 30,
            duplicate: 50,
            lost_delete: 50,
            pause: 30,
            unnamed: 20,
            foreign: 20,
            recycle: 100,
            stop: 200,
            store: 100,
            outages: Vec::new(),
            outages_are_silent: false,
            odd_clock: 300,
            skew: Duration::from_millis(450),
            lateness: Duration::from_secs(3),
            longest_pause: Duration::from_secs(20),
            until: Duration::from_secs(1_800),
        }
    }
}

/// What went wrong, how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FaultCounts {
    /// Processes that crashed at work.
    pub crashes: u64,
    /// Invocations that reached the function's time-out.
    pub time_outs: u64,
    /// Invocations that were refused.
    pub throttles: u64,
    /// Batches that were handed out twice, and receives.
    pub duplicates: u64,
    /// Deletes that did not happen.
    pub lost_deletes: u64,
    /// Processes that stood still in the middle of their work.
    pub paused: u64,
    /// Invocations that thawed a process in which tasks of an earlier one were left.
    pub thawed: u64,
    /// Records that lost their message id.
    pub unnamed: u64,
    /// Events of another source.
    pub foreign: u64,
    /// Idle processes that were ended.
    pub recycled: u64,
    /// Workers that were killed.
    pub killed: u64,
    /// Workers that were told to stop.
    pub stopped: u64,
    /// Receives of workers that came to an error.
    pub failed_receives: u64,
    /// Receives whose messages nobody got.
    pub lost_receives: u64,
    /// Receives that got again what an earlier attempt of the same name was to get.
    pub repeated_receives: u64,
    /// Processes with an odd clock.
    pub odd_clocks: u64,
    /// Requests to the store that were refused.
    pub refused: u64,
    /// Requests in an outage of the store.
    pub outages: u64,
    /// Requests that never arrived.
    pub lost_requests: u64,
    /// Replies that never came back.
    pub lost_replies: u64,
    /// Requests that arrived after their sender had given up.
    pub late: u64,
    /// Requests that arrived twice.
    pub twice: u64,
    /// Requests that took long.
    pub slow: u64,
    /// Requests that failed among others in one message.
    pub failed_in_company: u64,
    /// Entries of a call to a queue that failed among others.
    pub failed_entries: u64,
}

impl FaultCounts {
    /// All of them, by name.
    #[must_use]
    pub fn named(&self) -> [(&'static str, u64); 25] {
        [
            ("crashes", self.crashes),
            ("time_outs", self.time_outs),
            ("throttles", self.throttles),
            ("duplicates", self.duplicates),
            ("lost_deletes", self.lost_deletes),
            ("paused", self.paused),
            ("thawed", self.thawed),
            ("unnamed", self.unnamed),
            ("foreign", self.foreign),
            ("recycled", self.recycled),
            ("killed", self.killed),
            ("stopped", self.stopped),
            ("failed_receives", self.failed_receives),
            ("lost_receives", self.lost_receives),
            ("repeated_receives", self.repeated_receives),
            ("odd_clocks", self.odd_clocks),
            ("refused", self.refused),
            ("outages", self.outages),
            ("lost_requests", self.lost_requests),
            ("lost_replies", self.lost_replies),
            ("late", self.late),
            ("twice", self.twice),
            ("slow", self.slow),
            ("failed_in_company", self.failed_in_company),
            ("failed_entries", self.failed_entries),
        ]
    }

    /// How many there were.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.named().iter().map(|(_, count)| count).sum()
    }
}
