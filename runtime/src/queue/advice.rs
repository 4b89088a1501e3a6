//! For how long one message shall stay hidden, by what became of it: pure.

use std::time::Duration;

use super::{
    Backoff,
    backoff::{share, while_the_store_is_down},
};
use crate::{
    batch::Record,
    outcome::{Outcome, Reason, ReasonClass},
};

/// SQS hides no message for longer than that, counted from its receive.
const LONGEST_HIDDEN: Duration = Duration::from_secs(12 * 3_600);

/// How long before its invocation a message may have been received: the longest batching window, and as much again for polling and the
/// start of a process.
const BEFORE_THE_INVOCATION: Duration = Duration::from_secs(600);

/// How much later than at the end of another's lease its message comes back at most, so that many do not come at once.
const LEASE_JITTER: Duration = Duration::from_secs(5);

/// What is known of one message when its batch is over.
pub(crate) struct Facts<'a> {
    pub(crate) record: &'a Record,
    pub(crate) outcome: &'a Outcome,
    /// How long a claim may still be held that this message would meet.
    pub(crate) lease_left: Option<Duration>,
    /// How long ago the invocation began.
    pub(crate) elapsed: Duration,
    /// Evenly drawn.
    pub(crate) chance: u32,
}

/// How long the message shall stay hidden from now; `None` where it leaves the queue, or the queue's own visibility timeout is right.
pub(crate) fn hidden_for(backoff: &Backoff, facts: &Facts<'_>) -> Option<Duration> {
    let wanted = wanted(backoff, facts)?;
    // Earlier it would only be told that it is in progress, and have spent a receive.
    let jitter = share(LEASE_JITTER, facts.chance);
    let least = facts.lease_left.map_or(Duration::ZERO, |left| left.saturating_add(jitter));
    let most = LONGEST_HIDDEN.saturating_sub(facts.elapsed + BEFORE_THE_INVOCATION);
    Some(whole_seconds(wanted.max(least).min(LONGEST_HIDDEN)).min(most))
}

fn wanted(backoff: &Backoff, facts: &Facts<'_>) -> Option<Duration> {
    match facts.outcome {
        outcome if outcome.is_success() => None,
        Outcome::InProgressElsewhere => facts.lease_left,
        Outcome::NotStarted(reason) if is_free(facts.record, reason.class()) => Some(Duration::ZERO),
        Outcome::Retry(reason) | Outcome::Rejected(reason) | Outcome::NotStarted(reason) => {
            after(backoff, facts, reason)
        }
        Outcome::Done | Outcome::AlreadyDone => None,
    }
}

fn after(backoff: &Backoff, facts: &Facts<'_>, reason: &Reason) -> Option<Duration> {
    if reason.class().is_outage() {
        return Some(while_the_store_is_down(facts.record.receive_count(), facts.chance));
    }
    reason.delay().or_else(|| backoff.delay(facts.record, reason, facts.chance))
}

/// Whether nothing speaks against another start at once. What stands in front of a group blocks it for as long as it is hidden itself; of a
/// worker that stops others take over. On a standard queue what found no time would find none again, and spend its receives on that.
fn is_free(record: &Record, class: ReasonClass) -> bool {
    match class {
        ReasonClass::GroupFailed | ReasonClass::Draining => true,
        ReasonClass::NoTime => record.is_fifo(),
        _ => false,
    }
}

/// SQS takes whole seconds; the next one, so that a wait is never cut short.
fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs() + u64::from(time.subsec_nanos() > 0))
}
