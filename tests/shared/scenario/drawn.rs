//! What a seed is set to: drawn, so that any two settings meet in some seed.

use std::time::Duration;

use sqs_runtime::{claim::Mode, testkit::Seeded};

/// Chance of the settings: other numbers than the simulation's own, which begins with the same seed.
pub(super) struct Dice(Seeded);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(Seeded::new(!seed))
    }

    pub(super) fn below(&self, bound: u16) -> u16 {
        u16::try_from(self.0.below(bound.into())).unwrap_or_default()
    }

    /// Whether something is so that is so in one of so many seeds.
    pub(super) fn one_in(&self, seeds: u16) -> bool {
        self.below(seeds) == 0
    }

    /// One of these.
    pub(super) fn of<T: Copy>(&self, first: T, others: &[T]) -> T {
        let place = usize::from(self.below(u16::try_from(others.len() + 1).unwrap_or(u16::MAX)));
        place.checked_sub(1).and_then(|place| others.get(place)).copied().unwrap_or(first)
    }
}

/// What the queue is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    Nothing,
    Backoff,
    DeadLetters,
    Acknowledges,
}

/// What runs the consumers: mappings, workers in their place, one queue each or all of them each, or both on the same queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hosts {
    Mappings,
    Workers,
    SharedWorkers,
    Both,
}

/// What goes wrong beside the messages themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weather {
    Usual,
    /// Clocks are so far off that no lease can be trusted.
    OddClocks,
    /// The store is away now and then, all of it.
    Outages,
    /// Nothing but deletions that get lost: then it shows whom messages take along.
    Calm,
}

/// For how long a failed message is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hiding {
    Exponential,
    Fixed,
    By,
    OfTheQueue,
}

/// The settings of one seed.
#[derive(Clone, Debug)]
pub(super) struct Drawn {
    pub(super) mode: Mode,
    /// Functions of two modes on one table, as between two deployments.
    pub(super) mixes_modes: bool,
    pub(super) telling: Telling,
    pub(super) hiding: Hiding,
    pub(super) hosts: Hosts,
    pub(super) weather: Weather,
    pub(super) outages_are_silent: bool,
    /// Whether the mapping has `ReportBatchItemFailures`.
    pub(super) has_flag: bool,
    pub(super) batch_size: usize,
    pub(super) initial_concurrency: usize,
    pub(super) invocations_per_process: usize,
    pub(super) window: Duration,
    pub(super) max_event_bytes: Option<usize>,
    /// Whether what is written at the same moment travels together.
    pub(super) has_company: bool,
    /// How many handlers of one process may run at a time.
    pub(super) limit: usize,
    /// How long rows are kept.
    pub(super) rows_are_kept: Duration,
    pub(super) keeps_results: bool,
    pub(super) crash_limit: Option<u32>,
    /// The invocation fails where the store is down, or a failure is marked as shared.
    pub(super) fails_invocations: bool,
    pub(super) queues: usize,
    pub(super) visibility: Option<Duration>,
    /// How long messages are kept.
    pub(super) kept: Option<Duration>,
    pub(super) delay: Duration,
    pub(super) deduplicates: bool,
    /// Between the first eight messages of a queue and the others.
    pub(super) gap: Duration,
    /// How long a worker hides what it receives; `None` for the queue's own time.
    pub(super) workers_hide: Option<Duration>,
    pub(super) weights: u32,
}

const SECOND: Duration = Duration::from_secs(1);
const HALF_A_SECOND: Duration = Duration::from_millis(500);
/// As long as many a visibility timeout.
const LONG_WINDOW: Duration = Duration::from_secs(30);

impl Drawn {
    pub(super) fn new(seed: u64) -> Self {
        let dice = Dice::new(seed);
        // The default mode has the most rules.
        let mode = match dice.below(8) {
            0 => Mode::CommitOnly,
            1 => Mode::MarkAfter,
            _ => Mode::Lease,
        };
        let weather = match dice.below(16) {
            0..=4 => Weather::OddClocks,
            5 | 6 => Weather::Outages,
            7 | 8 => Weather::Calm,
            _ => Weather::Usual,
        };
        let telling = match dice.below(8) {
            0 => Telling::Acknowledges,
            1 | 2 => Telling::Backoff,
            3..=6 => Telling::DeadLetters,
            _ => Telling::Nothing,
        };
        let hosts = match dice.below(7) {
            0 => Hosts::Workers,
            1 => Hosts::SharedWorkers,
            2 => Hosts::Both,
            _ => Hosts::Mappings,
        };
        let (has_outages, has_odd_clocks) = (weather == Weather::Outages, weather == Weather::OddClocks);
        let seconds = |least: u16, more: u16| Duration::from_secs((least + dice.below(more)).into());
        Self {
            mode,
            mixes_modes: dice.one_in(4),
            telling,
            hiding: dice.of(Hiding::Exponential, &[Hiding::Exponential, Hiding::Fixed, Hiding::By, Hiding::OfTheQueue]),
            hosts,
            weather,
            outages_are_silent: dice.one_in(2),
            has_flag: !dice.one_in(8),
            batch_size: if has_outages { 10 } else { usize::from(1 + dice.below(10)) },
            // With odd clocks attempts are to get into each other's way.
            initial_concurrency: if has_odd_clocks || has_outages { 8 } else { 2 },
            window: match dice.below(5) {
                0 if !has_odd_clocks => HALF_A_SECOND,
                1 if !has_odd_clocks => SECOND,
                2 if !has_odd_clocks => LONG_WINDOW,
                _ => Duration::ZERO,
            },
            // Three records or so.
            max_event_bytes: dice.one_in(5).then_some(2_300),
            has_company: dice.below(8) < 5,
            limit: if has_outages { 2 } else { 4 },
            // So short that rows are over while their messages still come.
            rows_are_kept: if dice.one_in(11) { 60 * SECOND } else { 14 * 24 * 3_600 * SECOND },
            keeps_results: dice.one_in(4),
            crash_limit: dice.one_in(8).then_some(3),
            fails_invocations: dice.one_in(8),
            queues: if dice.one_in(4) { usize::from(1 + dice.below(3)) } else { 3 },
            // Shorter than the function's time-out, as nobody should have it: messages come again while they are worked on.
            visibility: (has_odd_clocks || !dice.one_in(3)).then(|| seconds(20, 20)),
            kept: dice.one_in(12).then(|| seconds(600, 1_200)),
            delay: if dice.one_in(8) { seconds(1, 60) } else { Duration::ZERO },
            deduplicates: dice.one_in(3),
            gap: dice.of(SECOND, &[30 * SECOND]),
            workers_hide: dice.of(None, &[Some(10 * SECOND), Some(20 * SECOND)]),
            weights: u32::from(1 + dice.below(4)),
            // In an outage it shows what invocations of one process learn from each other.
            invocations_per_process: match dice.below(3) {
                0 => usize::from(2 + dice.below(3)),
                1 if has_outages => 8,
                _ => 1,
            },
        }
    }

    pub(super) fn has_workers_only(&self) -> bool {
        matches!(self.hosts, Hosts::Workers | Hosts::SharedWorkers)
    }

    /// Whether nothing but the messages in front of it spends a FIFO message's receives, and those are dead-lettered in time.
    pub(super) fn lets_fifo_messages_start(&self) -> bool {
        let sends_letters = matches!(self.telling, Telling::DeadLetters | Telling::Acknowledges);
        self.weather == Weather::Calm && sends_letters && !self.fails_invocations
    }

    /// Whether what failed is lost, as it is without the flag unless the consumer acknowledges by itself.
    pub(super) fn may_lose_messages(&self) -> bool {
        !self.has_flag && self.telling != Telling::Acknowledges
    }
}
