//! One beat: keeps messages hidden that are worked on, the leases first.

use std::{sync::Arc, time::Duration};

use super::{
    ask::ask,
    receipt::{Key, Receipt},
};
use crate::{
    batch::Record,
    claim::{Idempotency, Lease, RenewAnswer, RenewRequest, protocol::claim::SKEW_MS},
    clock::{SharedClock, epoch_ms},
    outcome::ReasonClass,
    queue::{EntryAnswer, QueueSource, VisibilityChange, calls::in_calls},
    run::pipeline::answered,
};

/// How long a beat waits for its store and for its queue, each.
const LONGEST: Duration = Duration::from_secs(5);

/// What a beat is about.
pub(super) struct Due {
    key: Key,
    record: Record,
    lease: Option<Lease>,
    timeout: Duration,
}

impl Due {
    /// What is asked for a receipt; `None` where SQS hides it no longer.
    pub(super) fn of(key: Key, receipt: &Receipt, now: Duration) -> Option<Self> {
        let timeout = receipt.next_timeout(now)?;
        Some(Self { key, record: receipt.record.clone(), lease: receipt.lease().cloned(), timeout })
    }

    /// The end of the lease that is asked for.
    pub(super) fn lease_end_ms(&self, wall_ms: u64) -> u64 {
        wall_ms.saturating_add(u64::try_from(self.lease_for().as_millis()).unwrap_or(u64::MAX))
    }

    fn lease_for(&self) -> Duration {
        self.timeout.saturating_sub(Duration::from_millis(2 * SKEW_MS))
    }
}

/// What became of one message at a beat.
pub(super) struct Beaten {
    pub(super) key: Key,
    /// The end of its lease on the monotonic clock, where that was confirmed.
    pub(super) leased_until: Option<Duration>,
    pub(super) hidden: Hidden,
}

/// What became of its visibility.
pub(super) enum Hidden {
    /// For that long, from the moment at which that was asked.
    For(Duration, Duration),
    /// It is no longer ours, for that reason.
    Lost(ReasonClass),
    /// Nobody knows; with what SQS said.
    Unknown(EntryAnswer),
}

/// Renews the leases, then the visibility of what is still ours. A refusal of the first ends the second: what another attempt has
/// must not be hidden from it.
pub(super) async fn beat(
    source: Arc<dyn QueueSource>,
    idempotency: Option<Arc<Idempotency>>,
    clock: SharedClock,
    due: Vec<Due>,
) -> Vec<Beaten> {
    let renewals = match &idempotency {
        Some(idempotency) => renew(idempotency, &clock, &due).await,
        None => due.iter().map(|_| Ok(None)).collect(),
    };
    let (mut beaten, mut held) = (Vec::new(), Vec::new());
    for (due, renewal) in due.into_iter().zip(renewals) {
        match renewal {
            Ok(leased_until) => held.push((due, leased_until)),
            Err(class) => beaten.push(Beaten { key: due.key, leased_until: None, hidden: Hidden::Lost(class) }),
        }
    }
    beaten.extend(hide(&source, &clock, held).await);
    beaten
}

/// Until when each lease is held, where that is known; or why it is not.
async fn renew(
    idempotency: &Idempotency,
    clock: &SharedClock,
    due: &[Due],
) -> Vec<Result<Option<Duration>, ReasonClass>> {
    let (now, wall_ms) = (clock.monotonic(), epoch_ms(clock.wall()));
    let request = |due: &Due| Some(RenewRequest::new(due.lease.clone()?, due.lease_end_ms(wall_ms)));
    let requests: Vec<RenewRequest> = due.iter().filter_map(request).collect();
    let answers = if requests.is_empty() {
        Vec::new()
    } else {
        ask(idempotency.store().renew(&requests, Some(LONGEST)), LONGEST, clock).await
    };
    let mut answers = answered(requests, answers).map(|(_, answer)| answer);
    let renewal = |due: &Due| match due.lease.as_ref().and_then(|_| answers.next()).flatten() {
        Some(RenewAnswer::Held { lease_expires_at_ms }) => {
            Ok(Some(now + Duration::from_millis(lease_expires_at_ms.saturating_sub(wall_ms))))
        }
        Some(RenewAnswer::LeaseLost) => Err(ReasonClass::LeaseLost),
        // One renewal without an answer is no loss: the lease has half of its time left.
        Some(_) | None => Ok(None),
    };
    due.iter().map(renewal).collect()
}

async fn hide(source: &Arc<dyn QueueSource>, clock: &SharedClock, held: Vec<(Due, Option<Duration>)>) -> Vec<Beaten> {
    let asked_at = clock.monotonic();
    let change = |(due, _): &(Due, _)| VisibilityChange { record: due.record.clone(), timeout: due.timeout };
    let changes: Vec<VisibilityChange> = held.iter().map(change).collect();
    let hiding = in_calls(&changes, |arn, changes| source.change_visibility(arn, changes, Some(LONGEST)));
    let answers = ask(hiding, LONGEST, clock).await;
    let beaten = |((due, leased_until), answer): ((Due, _), Option<EntryAnswer>)| {
        let hidden = match answer {
            Some(Ok(())) => Hidden::For(asked_at, due.timeout),
            Some(Err(error)) if error.is_lost() => Hidden::Lost(ReasonClass::ReceiptLost),
            other => Hidden::Unknown(other.unwrap_or(Ok(()))),
        };
        Beaten { key: due.key, leased_until, hidden }
    };
    answered(held, answers).map(beaten).collect()
}
