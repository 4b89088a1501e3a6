//! Attempts to receive from a FIFO queue, which may be asked for again by their name.

use std::{collections::BTreeMap, time::Duration};

use super::{Queue, Received};

/// By their name: when they came, and what they were answered.
pub(super) type Attempts = BTreeMap<String, (Duration, Vec<Received>)>;

/// For how long SQS knows the name of an attempt.
const KNOWN_FOR: Duration = Duration::from_secs(5 * 60);

impl Queue {
    /// Hands out at most so many, hidden for so long; or, on a FIFO queue, what this attempt was answered before, hidden anew. Says too
    /// whether it was that.
    pub(in crate::testkit) fn receive_by(
        &mut self,
        attempt: Option<&str>,
        most: usize,
        timeout: Duration,
        now: Duration,
    ) -> (Vec<Received>, bool) {
        let attempt = attempt.filter(|_| self.settings.is_fifo());
        if let Some(again) = attempt.and_then(|name| self.hand_out_again(name, timeout, now)) {
            return (again, true);
        }
        let (received, _) = self.receive_for(most, |_| true, timeout, now);
        if let Some(name) = attempt.filter(|_| !received.is_empty()) {
            self.attempts.insert(name.to_owned(), (now, received.clone()));
        }
        (received, false)
    }

    /// What that attempt was answered, if all of it is as it was handed out.
    fn hand_out_again(&mut self, attempt: &str, timeout: Duration, now: Duration) -> Option<Vec<Received>> {
        let (since, again) = self.attempts.get(attempt).cloned()?;
        let are_held = again.iter().all(|received| self.is_held(received.number, received.receipt, now));
        if !are_held || now >= since + KNOWN_FOR {
            return None;
        }
        for received in &again {
            if let Some(message) = self.messages.get_mut(&received.number) {
                message.visible_at = now + timeout;
            }
        }
        Some(again)
    }
}
