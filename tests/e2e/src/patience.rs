//! How long is waited for a queue in which nothing moves: pure.

use std::time::Duration;

/// How long is waited while no message leaves. However many messages there are, as long as some do, others will.
pub(crate) struct Patience {
    time: Duration,
    /// The fewest messages so far, and since when.
    fewest: Option<(u64, Duration)>,
}

impl Patience {
    pub(crate) fn new(time: Duration) -> Self {
        Self { time, fewest: None }
    }

    /// Whether nobody waits any longer, now that so many messages are left.
    pub(crate) fn ends(&mut self, left: u64, now: Duration) -> bool {
        match self.fewest {
            Some((fewest, since)) if left >= fewest => now.saturating_sub(since) > self.time,
            _ => {
                self.fewest = Some((left, now));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_where_nothing_moves_and_never_while_something_does() {
        let at = Duration::from_secs;
        let mut patience = Patience::new(at(240));
        assert!((0..10_000).all(|n| !patience.ends(20_000 - n, at(n * 200))));
        let last = 9_999 * 200;
        assert!(!patience.ends(10_001, at(last + 240)));
        // One that comes back is no progress.
        assert!(patience.ends(10_002, at(last + 241)));
        assert!(!patience.ends(10_000, at(last + 300)));
        assert!(!patience.ends(10_000, at(last + 540)) && patience.ends(10_000, at(last + 541)));
    }
}
