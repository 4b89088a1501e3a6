//! How many invocations run at a time, and how long a burst then takes.
//!
//! Lambda begins with five invocations at a time for a queue that was idle, and adds up to 300 with each minute. So the capacity is a
//! step a minute until the limit is reached, and the backlog is straight lines.

use super::{Aim, Impossible, Load, batch::Batch, number::up};

/// What a mapping of an idle queue begins with.
const FIRST: u64 = 5;
/// What a minute adds.
const RAMP: u64 = 300;
const MINUTE: f64 = 60.0;
/// The bounds of `MaximumConcurrency`.
const FEWEST: u64 = 2;
const MOST: u64 = 1000;
/// Messages of one queue that may be in hand at a time.
const IN_FLIGHT: u64 = 120_000;
/// The share of the capacity that what always arrives may take: above it, queues form by chance.
const BUSY: f64 = 0.8;

/// What a mapping can do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capacity {
    /// Messages that arrive in a second.
    pub rate: f64,
    /// Messages that one invocation after the other does in a second.
    pub throughput: f64,
    /// Invocations at a time, once the ramp is over.
    pub concurrency: u64,
}

/// A stretch of time in which as many invocations run at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// When it begins.
    pub from: f64,
    /// The backlog then.
    pub backlog: f64,
    /// By how many messages the backlog grows in a second; below 0 it shrinks.
    pub growth: f64,
}

impl Capacity {
    /// The stretches of a backlog, the last one without an end.
    pub fn stretches(&self, backlog: f64) -> impl Iterator<Item = Stretch> {
        let steps = self.concurrency.saturating_sub(FIRST).div_ceil(RAMP);
        let mut backlog = backlog;
        (0..=steps).map(move |minute| {
            let running = (FIRST + RAMP * minute).min(self.concurrency);
            let growth = self.rate - self.throughput * running as f64;
            let stretch = Stretch { from: minute as f64 * MINUTE, backlog, growth };
            backlog += growth * MINUTE;
            stretch
        })
    }

    /// Seconds until a backlog is gone that meets an idle mapping.
    ///
    /// # Errors
    ///
    /// More arrives than is done.
    pub fn drain(&self, backlog: f64) -> Result<f64, Impossible> {
        let mut ends = self.stretches(backlog).map(|stretch| (stretch, stretch.end()));
        let within = |(stretch, end): &(Stretch, f64)| *end <= stretch.from + MINUTE;
        match ends.find(within).or_else(|| self.stretches(backlog).last().map(|last| (last, last.end()))) {
            Some((_, end)) if end.is_finite() => Ok(end),
            _ => Err(self.never()),
        }
    }

    /// What is done in a second, once the ramp is over.
    fn done(&self) -> f64 {
        self.throughput * self.concurrency as f64
    }

    fn never(&self) -> Impossible {
        let Self { rate, concurrency, .. } = self;
        let done = self.done();
        Impossible(format!(
            "{rate} messages arrive in a second and {concurrency} invocations at a time do {done:.1}: a backlog never ends"
        ))
    }
}

impl Stretch {
    /// When the backlog is gone, if it went on so.
    fn end(&self) -> f64 {
        if self.backlog <= 0.0 {
            self.from
        } else if self.growth < 0.0 {
            self.from - self.backlog / self.growth
        } else {
            f64::INFINITY
        }
    }
}

/// The least concurrency that keeps up with the rate and has the burst done in time, or the one that was asked for.
///
/// # Errors
///
/// A limit of AWS's is in the way, or the number of message groups.
pub fn concurrency(load: &Load, batch: &Batch) -> Result<u64, Impossible> {
    match load.aim {
        Aim::Concurrency(asked) => within_limits(load, batch, asked),
        Aim::DrainWithin(seconds) => {
            let least = least(load, batch, seconds);
            let needed = least.ok_or_else(|| too_much(load, batch, seconds))?;
            within_limits(load, batch, needed)
        }
    }
}

/// The first that is enough. More is never slower, so what is between is halved again and again.
fn least(load: &Load, batch: &Batch, seconds: u64) -> Option<u64> {
    let is_enough = |concurrency: u64| {
        let capacity = Capacity { rate: load.rate, throughput: batch.throughput, concurrency };
        capacity.drain(load.burst as f64).is_ok_and(|drain| drain <= seconds as f64)
    };
    let for_the_rate = up(load.rate / (BUSY * batch.throughput)).max(FEWEST);
    let (mut low, mut high) = (for_the_rate, most(load));
    if low > high || !is_enough(high) {
        return None;
    }
    while low < high {
        let middle = u64::midpoint(low, high);
        if is_enough(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(low)
}

/// A message group is in one invocation at a time.
fn most(load: &Load) -> u64 {
    load.fifo_groups.map_or(MOST, |groups| groups.min(MOST))
}

fn too_much(load: &Load, batch: &Batch, seconds: u64) -> Impossible {
    let most = most(load);
    let limit = if most < MOST { format!(" for {most} message groups") } else { String::new() };
    let done = batch.throughput * most as f64;
    Impossible(format!(
        "{most} invocations at a time{limit} do {done:.0} messages in a second, which is not enough for {} in a second and a burst of {} \
         within {seconds} s: shorten --message-ms, gather larger batches with --window, let more messages run --at-once, or give more \
         time with --drain-seconds",
        load.rate, load.burst
    ))
}

fn within_limits(load: &Load, batch: &Batch, concurrency: u64) -> Result<u64, Impossible> {
    if let Some(groups) = load.fifo_groups.filter(|groups| *groups < concurrency) {
        return Err(Impossible(format!(
            "{concurrency} invocations at a time need as many message groups with messages, and there are {groups}"
        )));
    }
    let in_flight = concurrency.saturating_mul(batch.size);
    if in_flight > IN_FLIGHT {
        return Err(Impossible(format!(
            "{concurrency} batches of {} are {in_flight} messages in flight, and a queue has at most {IN_FLIGHT}",
            batch.size
        )));
    }
    let capacity = Capacity { rate: load.rate, throughput: batch.throughput, concurrency };
    if capacity.rate >= capacity.done() { Err(capacity.never()) } else { Ok(concurrency) }
}
