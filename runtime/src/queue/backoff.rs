//! For how long a message that failed stays hidden: pure, chance comes in as a value.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use crate::{batch::Record, outcome::Reason};

/// The longest delay of a backoff that does not say another.
pub(super) const LONGEST: Duration = Duration::from_secs(3_600);

/// For how long a message that failed stays hidden before it is tried again.
///
/// What a handler says itself ([`Failure::retry_after`](crate::Failure::retry_after),
/// [`Failure::retry_now`](crate::Failure::retry_now)) comes before the policy.
#[derive(Clone)]
pub struct Backoff(Policy);

#[derive(Clone)]
enum Policy {
    /// Anything from nothing to `base` x 2^(receives - 1), at most `longest`.
    Exponential {
        base: Duration,
        longest: Duration,
    },
    Fixed(Duration),
    By(Delay),
    /// As long as the queue's visibility timeout has it.
    Queue,
}

type Delay = Arc<dyn Fn(&Record, &Reason) -> Option<Duration> + Send + Sync>;

impl Backoff {
    /// Any time from none to `base` x 2^(receive count - 1), at most `longest`: exponential backoff with full jitter, so that
    /// messages which failed together do not come back together.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sqs_runtime::queue::Backoff;
    ///
    /// // At the first failure within 10 s, at the second within 20 s, at the seventh and later within 10 min.
    /// let backoff = Backoff::exponential(Duration::from_secs(10), Duration::from_secs(600));
    /// ```
    #[must_use]
    pub fn exponential(base: Duration, longest: Duration) -> Self {
        Self(Policy::Exponential { base, longest })
    }

    /// Always that long.
    #[must_use]
    pub fn fixed(delay: Duration) -> Self {
        Self(Policy::Fixed(delay))
    }

    /// As this function says; `None` leaves the message to the queue's visibility timeout.
    #[must_use]
    pub fn by(delay: impl Fn(&Record, &Reason) -> Option<Duration> + Send + Sync + 'static) -> Self {
        Self(Policy::By(Arc::new(delay)))
    }

    /// None of our own: the message comes back after the queue's visibility timeout.
    #[must_use]
    pub fn of_the_queue() -> Self {
        Self(Policy::Queue)
    }

    /// How long; `chance` is evenly drawn from all numbers.
    pub(crate) fn delay(&self, record: &Record, reason: &Reason, chance: u32) -> Option<Duration> {
        match &self.0 {
            Policy::Exponential { base, longest } => {
                let receives = record.receive_count().unwrap_or(1).max(1);
                Some(share(doubled(*base, receives - 1).min(*longest), chance))
            }
            Policy::Fixed(delay) => Some(*delay),
            // The user's: where it panics it has said nothing.
            Policy::By(delay) => catch_unwind(AssertUnwindSafe(|| delay(record, reason))).ok().flatten(),
            Policy::Queue => None,
        }
    }
}

impl Default for Backoff {
    /// Exponential from 30 s to an hour.
    fn default() -> Self {
        Self::exponential(Duration::from_secs(30), LONGEST)
    }
}

impl fmt::Debug for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Policy::Exponential { base, longest } => write!(f, "Backoff(exponential, {base:?} to {longest:?})"),
            Policy::Fixed(delay) => write!(f, "Backoff(fixed, {delay:?})"),
            Policy::By(_) => f.write_str("Backoff(by a function)"),
            Policy::Queue => f.write_str("Backoff(the queue's)"),
        }
    }
}

/// While the store is down: 2^(receives - 1) minutes, at most 60, and up to half of that again. The jitter is only added: an outage
/// is shared by all messages, and any that comes back early spends a receive for nothing.
pub(crate) fn while_the_store_is_down(receive_count: Option<u32>, chance: u32) -> Duration {
    let delay = doubled(Duration::from_secs(60), receive_count.unwrap_or(1).max(1) - 1).min(LONGEST);
    delay + share(delay / 2, chance)
}

fn doubled(base: Duration, times: u32) -> Duration {
    base.saturating_mul(1_u32.checked_shl(times).unwrap_or(u32::MAX))
}

/// A part of the whole, evenly drawn.
pub(crate) fn share(whole: Duration, chance: u32) -> Duration {
    let part = whole.as_secs_f64() * (f64::from(chance) / f64::from(u32::MAX));
    // The longest time of all is a little longer as a number.
    Duration::try_from_secs_f64(part).unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(minutes * 60)
    }

    #[test]
    fn an_outage_is_waited_for_longer_each_time_and_never_shorter_than_said() {
        let least =
            [None, Some(0), Some(1), Some(2), Some(3), Some(7), Some(40)].map(|n| while_the_store_is_down(n, 0));
        let expected = [1, 1, 1, 2, 4, 60, 60].map(minutes);
        assert_eq!(least, expected);
        assert_eq!(while_the_store_is_down(Some(7), u32::MAX), minutes(90));
    }

    #[test]
    fn doubling_ends_at_the_longest_that_there_is() {
        assert_eq!(doubled(minutes(1), 3), minutes(8));
        assert!(doubled(minutes(1), 31) > minutes(1_000_000));
        assert!(doubled(minutes(1), 32) >= doubled(minutes(1), 31));
        assert_eq!(doubled(Duration::MAX, 1), Duration::MAX);
        assert_eq!(share(Duration::MAX, u32::MAX), Duration::MAX);
    }
}
