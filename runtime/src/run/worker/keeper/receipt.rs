//! One receive of one message, from its receive to what is said about it: pure.

use std::{sync::Arc, time::Duration};

use crate::{
    batch::Record,
    claim::Lease,
    outcome::{Outcome, ReasonClass},
    run::pipeline::{Hold, Settled},
};

/// SQS hides nothing for longer than 12 h since its receive; more is an error. A margin for clocks and requests.
const LONGEST: Duration = Duration::from_secs(12 * 3_600 - 60);

/// Names a receipt: its receive, and its place in that.
pub(super) type Key = (u64, usize);

/// A message in hand.
pub(super) struct Receipt {
    pub(super) record: Record,
    holds: Arc<[Hold]>,
    received: Duration,
    /// For how long it is hidden at a time.
    visibility_timeout: Duration,
    /// When to hide it once more.
    beat_at: Duration,
    lease: Option<HeldLease>,
    began: Option<Duration>,
    /// A call about it is under way: nothing else is said until that is answered.
    pub(super) is_busy: bool,
    /// Why nothing more is said about it: the message is no longer ours.
    pub(super) lost: Option<ReasonClass>,
    /// It was told to stop because it took too long.
    is_overdue: bool,
    pub(super) settled: Option<Settled>,
}

struct HeldLease {
    lease: Lease,
    /// On the monotonic clock, counted from before the request that it was granted or renewed by.
    ends: Duration,
}

/// What a look at a receipt comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nothing to do before then.
    Fine(Duration),
    /// It is to be hidden once more.
    Due,
    /// It could not be kept in time.
    Lost(ReasonClass),
    /// Its handler takes too long.
    Overdue,
}

impl Receipt {
    pub(super) fn new(record: Record, holds: Arc<[Hold]>, received: Duration, visibility_timeout: Duration) -> Self {
        Self {
            record,
            holds,
            received,
            visibility_timeout,
            beat_at: received + visibility_timeout / 2,
            lease: None,
            began: None,
            is_busy: false,
            lost: None,
            is_overdue: false,
            settled: None,
        }
    }

    fn hold(&self) -> Option<&Hold> {
        self.holds.get(self.record.index())
    }

    fn hidden_until(&self) -> Duration {
        self.hold().map_or(Duration::ZERO, Hold::visible)
    }

    pub(super) fn lease(&self) -> Option<&Lease> {
        self.lease.as_ref().map(|held| &held.lease)
    }

    /// Its handler is about to start. `wall_ms` is the time of day of `now`.
    pub(super) fn starts(&mut self, lease: Option<Lease>, now: Duration, wall_ms: u64) {
        self.began = Some(now);
        self.lease = lease.map(|lease| {
            let left = lease.expires_at_ms().saturating_sub(wall_ms);
            HeldLease { ends: now + Duration::from_millis(left), lease }
        });
        self.beats_at(self.beat_at, now);
    }

    /// The next beat comes then, or sooner where the lease would be over: it may have been asked for long before it was granted.
    fn beats_at(&mut self, at: Duration, now: Duration) {
        let ends = self.lease.as_ref().map(|held| held.ends).filter(|ends| *ends <= at);
        self.beat_at = ends.map_or(at, |ends| now + ends.saturating_sub(now) / 2);
    }

    /// What is to be done about it, if it is still open and nothing is under way.
    pub(super) fn look(&mut self, now: Duration, max_duration: Duration) -> Finding {
        if self.hidden_until() <= now {
            return Finding::Lost(ReasonClass::ReceiptLost);
        }
        if self.lease_ends() <= now {
            return Finding::Lost(ReasonClass::LeaseLost);
        }
        if self.overdue(max_duration) <= now {
            self.is_overdue = true;
            return Finding::Overdue;
        }
        if self.beat_at <= now && !self.is_busy {
            return Finding::Due;
        }
        Finding::Fine(self.next_look(max_duration))
    }

    /// When there may be something to do about it.
    pub(super) fn next_look(&self, max_duration: Duration) -> Duration {
        let beat_at = if self.is_busy { Duration::MAX } else { self.beat_at };
        beat_at.min(self.hidden_until()).min(self.lease_ends()).min(self.overdue(max_duration))
    }

    /// Never, where there is no lease.
    fn lease_ends(&self) -> Duration {
        self.lease.as_ref().map_or(Duration::MAX, |held| held.ends)
    }

    /// When it takes too long; never, where it was stopped for that.
    fn overdue(&self, max_duration: Duration) -> Duration {
        let began = self.began.filter(|_| !self.is_overdue);
        began.map_or(Duration::MAX, |began| began.saturating_add(max_duration))
    }

    /// Whether it may as well be hidden now, with others that have to.
    pub(super) fn is_nearly_due(&self, now: Duration) -> bool {
        !self.is_busy
            && self.lost.is_none()
            && self.settled.is_none()
            && self.beat_at <= now + self.visibility_timeout / 8
    }

    /// For how long it may be hidden from now, whole seconds; `None` where SQS will hide it no longer.
    pub(super) fn next_timeout(&self, now: Duration) -> Option<Duration> {
        let left = (self.received + LONGEST).saturating_sub(now);
        let timeout = Duration::from_secs(self.visibility_timeout.min(left).as_secs());
        (!timeout.is_zero()).then_some(timeout)
    }

    /// Before a renewal until then is sent: whether it landed may never be known.
    pub(super) fn may_be_leased_until(&self, end_ms: u64) {
        if let Some(hold) = self.hold() {
            hold.may_be_leased_until(end_ms);
        }
    }

    pub(super) fn is_leased_until(&mut self, ends: Duration) {
        if let Some(held) = &mut self.lease {
            held.ends = held.ends.max(ends);
        }
    }

    /// SQS hid it, for that long from the moment at which it was asked to.
    pub(super) fn is_hidden(&mut self, asked_at: Duration, timeout: Duration) {
        if let Some(hold) = self.hold() {
            hold.is_hidden_until(asked_at + timeout);
        }
        self.beats_at(asked_at + timeout / 2, asked_at);
    }

    /// SQS did not say that it hid it: once more, soon.
    pub(super) fn is_not_hidden(&mut self, now: Duration) {
        self.beat_at = now + self.visibility_timeout / 8;
    }

    /// SQS hides it no longer than it is by now.
    pub(super) fn cannot_be_hidden(&mut self) {
        self.beat_at = Duration::MAX;
    }

    /// Whether its work is recorded as done.
    pub(super) fn is_done(&self) -> bool {
        let outcome = self.settled.as_ref().map(|settled| &settled.outcome);
        matches!(outcome, Some(Outcome::Done | Outcome::AlreadyDone))
    }

    pub(super) fn received(&self) -> Duration {
        self.received
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Batch;

    const V: Duration = Duration::from_secs(60);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn receipt() -> Receipt {
        let event = r#"{"Records":[{"messageId":"m-1","receiptHandle":"h-1","body":"hello"}]}"#;
        let record = Batch::from_json(event).unwrap().record(0).unwrap();
        Receipt::new(record, [Hold::until(at(100) + V)].into(), at(100), V)
    }

    #[test]
    fn it_is_hidden_again_from_half_of_its_time_and_lost_at_the_end() {
        let mut receipt = receipt();
        assert_eq!(receipt.look(at(129), at(1_000)), Finding::Fine(at(130)));
        assert!(receipt.is_nearly_due(at(123)) && !receipt.is_nearly_due(at(122)));
        assert_eq!(receipt.look(at(130), at(1_000)), Finding::Due);
        receipt.is_hidden(at(130), V);
        assert_eq!(receipt.look(at(131), at(1_000)), Finding::Fine(at(160)));
        receipt.is_not_hidden(at(160));
        assert_eq!(receipt.look(at(161), at(1_000)), Finding::Fine(at(167) + Duration::from_millis(500)));
        assert_eq!(receipt.look(at(190), at(1_000)), Finding::Lost(ReasonClass::ReceiptLost));
    }

    #[test]
    fn nothing_is_said_while_a_call_is_under_way() {
        let mut receipt = receipt();
        receipt.is_busy = true;
        assert_eq!(receipt.look(at(140), at(1_000)), Finding::Fine(at(160)));
    }

    #[test]
    fn it_is_stopped_once_when_it_takes_too_long() {
        let mut receipt = receipt();
        receipt.starts(None, at(105), 0);
        assert_eq!(receipt.look(at(115), at(10)), Finding::Overdue);
        assert_eq!(receipt.look(at(116), at(10)), Finding::Fine(at(130)));
    }

    #[test]
    fn it_is_hidden_for_12_hours_at_most() {
        let receipt = receipt();
        assert_eq!(receipt.next_timeout(at(100 + 12 * 3_600 - 120)), Some(V));
        assert_eq!(receipt.next_timeout(at(100 + 12 * 3_600 - 90)), Some(at(30)));
        assert_eq!(receipt.next_timeout(at(100 + 12 * 3_600 - 60)), None);
    }
}
