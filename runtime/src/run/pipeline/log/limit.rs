//! How often one kind of failure is named: pure.

use std::{collections::BTreeMap, time::Duration};

/// What failures have in common: the name of the outcome, and of the class of its reason.
pub(in crate::run::pipeline) type Kind = (&'static str, Option<&'static str>);

/// How many messages of one kind are named for each batch; the rest is counted.
const NAMED_PER_BATCH: usize = 5;
/// How many are named in a minute, all batches of the process together.
const NAMED_PER_MINUTE: usize = 60;
const MINUTE: Duration = Duration::from_secs(60);

/// Counts what was named, all batches of a process together. An outage fails every message of every batch: the log must not cost more
/// than the outage. There are as many kinds as there are classes of reasons.
#[derive(Debug, Default)]
pub(in crate::run::pipeline) struct Limit(BTreeMap<Kind, Minute>);

#[derive(Debug)]
struct Minute {
    began: Duration,
    named: usize,
}

/// The same for one batch.
#[derive(Debug, Default)]
pub(super) struct InBatch {
    named: BTreeMap<Kind, usize>,
    /// Failures that were only counted.
    pub(super) unnamed: usize,
}

impl InBatch {
    /// Whether one more failure of that kind is named.
    pub(super) fn admits(&mut self, kind: Kind, limit: &mut Limit, now: Duration) -> bool {
        let named = self.named.entry(kind).or_default();
        let is_admitted = *named < NAMED_PER_BATCH && limit.admits(kind, now);
        *(if is_admitted { named } else { &mut self.unnamed }) += 1;
        is_admitted
    }
}

impl Limit {
    fn admits(&mut self, kind: Kind, now: Duration) -> bool {
        let minute = self.0.entry(kind).or_insert(Minute { began: now, named: 0 });
        if now.saturating_sub(minute.began) >= MINUTE {
            *minute = Minute { began: now, named: 0 };
        }
        minute.named += 1;
        minute.named <= NAMED_PER_MINUTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: Kind = ("retry", Some("Handler"));
    const AWAY: Kind = ("retry", Some("StoreUnavailable"));

    fn named(failures: usize, kind: Kind, limit: &mut Limit, now: u64) -> (usize, usize) {
        let mut batch = InBatch::default();
        let now = Duration::from_secs(now);
        let named = (0..failures).filter(|_| batch.admits(kind, limit, now)).count();
        (named, batch.unnamed)
    }

    #[test]
    fn a_batch_names_five_of_a_kind() {
        let mut limit = Limit::default();
        assert_eq!(named(3, BUSY, &mut limit, 0), (3, 0));
        assert_eq!(named(10, BUSY, &mut limit, 0), (5, 5));
        assert_eq!(named(10, AWAY, &mut limit, 0), (5, 5));
    }

    #[test]
    fn a_process_names_sixty_of_a_kind_in_a_minute() {
        let mut limit = Limit::default();
        let told: usize = (0..59).map(|second| named(10, BUSY, &mut limit, second).0).sum();
        assert_eq!(told, 60);
        assert_eq!(named(10, BUSY, &mut limit, 59), (0, 10));
        assert_eq!(named(10, AWAY, &mut limit, 59).0, 5, "another kind has its own");
        assert_eq!(named(10, BUSY, &mut limit, 60).0, 5, "and so has the next minute");
    }
}
