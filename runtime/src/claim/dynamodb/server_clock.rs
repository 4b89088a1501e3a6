//! The server's clock beside ours: a machine whose clock is hours off would take over leases that live.

use std::{
    fmt,
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
};

use crate::{
    claim::StoreError,
    clock::{SharedClock, epoch_ms},
};

/// Beyond this nothing is claimed.
const TOO_FAR_MS: u64 = 5 * 60 * 1_000;

/// Beyond this it is said once. The `Date` header has whole seconds.
const WORTH_A_WORD_MS: u64 = 5_000;

/// How far our clock stands from the server's, by the `Date` of its last answer.
pub(super) struct ServerClock {
    ours: SharedClock,
    is_compared: bool,
    ahead_ms: AtomicI64,
    is_said: AtomicBool,
}

impl ServerClock {
    pub(super) fn new(ours: SharedClock, is_compared: bool) -> Self {
        Self { ours, is_compared, ahead_ms: AtomicI64::new(0), is_said: AtomicBool::new(false) }
    }

    /// Notes what the server's clock said just now.
    pub(super) fn note(&self, server_ms: i64) {
        if !self.is_compared {
            return;
        }
        let ours_ms = i64::try_from(epoch_ms(self.ours.wall())).unwrap_or(i64::MAX);
        let ahead_ms = ours_ms.saturating_sub(server_ms);
        self.ahead_ms.store(ahead_ms, Ordering::Relaxed);
        if ahead_ms.unsigned_abs() > WORTH_A_WORD_MS && !self.is_said.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                aheadMs = ahead_ms,
                "this machine's clock differs from the server's of the idempotency table"
            );
        }
    }

    /// Whether claims can go by our clock.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let ahead_ms = self.ahead_ms.load(Ordering::Relaxed);
        if ahead_ms.unsigned_abs() <= TOO_FAR_MS {
            return Ok(());
        }
        let (seconds, where_to) = (ahead_ms.unsigned_abs() / 1_000, if ahead_ms > 0 { "ahead of" } else { "behind" });
        Err(StoreError::new(format!(
            "this machine's clock is {seconds} s {where_to} the table's server: nothing is claimed until it is set right"
        )))
    }
}

impl fmt::Debug for ServerClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerClock").field("ahead_ms", &self.ahead_ms).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::SystemClock;

    fn seen(ahead_ms: i64, is_compared: bool) -> bool {
        let clock: SharedClock = Arc::new(SystemClock::new());
        let ours_ms = i64::try_from(epoch_ms(clock.wall())).expect("a date of this age");
        let server = ServerClock::new(clock, is_compared);
        server.note(ours_ms - ahead_ms);
        server.check().is_ok()
    }

    #[test]
    fn five_minutes_either_way_are_too_many() {
        assert!(seen(0, true) && seen(290_000, true) && seen(-290_000, true));
        assert!(!seen(310_000, true) && !seen(-310_000, true));
    }

    #[test]
    fn a_clock_of_the_callers_own_is_not_compared() {
        assert!(seen(310_000, false));
    }
}
