//! The payment provider: the other side of `HttpProvider`, as a process that outlives the consumer.
//!
//! - `ledger`: which keys were charged, as pure code.
//! - `faults`: which calls go wrong on purpose.
//! - `call`: one call, and its line in the log.
//! - `routes`: the ledger behind HTTP.
//! - `server`: connections, and how one ends without an answer.

mod call;
mod faults;
mod ledger;
mod routes;
mod server;

use std::{
    fmt,
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::net::TcpListener;

pub use self::faults::Faults;
use self::{
    call::{Call, Reply},
    ledger::{Ledger, Verdict},
};
use crate::payment::wire::ChargeRequest;

/// More keys than this are not remembered, and so not charged.
const MAX_KEYS: usize = 1_000_000;

/// A payment provider that charges once for each key. Cheap to clone; clones share the ledger.
#[derive(Clone)]
pub struct Provider {
    desk: Arc<Mutex<Desk>>,
}

/// Everything that one call reads and writes. It is used by one call at a time, so the log is in the order of the calls.
struct Desk {
    ledger: Ledger,
    faults: Faults,
    calls: u64,
    log: Box<dyn Write + Send>,
}

impl Provider {
    /// A provider that has charged nothing yet. It writes a line of JSON for each call.
    #[must_use]
    pub fn new(faults: Faults, log: Box<dyn Write + Send>) -> Self {
        let desk = Desk { ledger: Ledger::new(MAX_KEYS), faults, calls: 0, log };
        Self { desk: Arc::new(Mutex::new(desk)) }
    }

    /// Answers charges until the listener fails.
    ///
    /// # Errors
    ///
    /// If no further connection can be accepted.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        server::serve(listener, routes::router(self)).await
    }

    fn with<T>(&self, act: impl FnOnce(&mut Desk) -> T) -> T {
        act(&mut self.desk.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}

impl Desk {
    fn charge(&mut self, key: &str, request: &ChargeRequest<'_>) -> (Verdict, Reply) {
        let (verdict, reply) = self.decide(key, request);
        self.note(Some(key), verdict, Some(request.total_cents), reply);
        (verdict, reply)
    }

    fn decide(&mut self, key: &str, request: &ChargeRequest<'_>) -> (Verdict, Reply) {
        let Some(nth) = self.ledger.call(key) else {
            return (Verdict::Full, Reply::Unavailable);
        };
        if self.faults.is_unavailable(key, nth) {
            return (Verdict::Unavailable, Reply::Unavailable);
        }
        let verdict = self.ledger.charge(key, &request.payment_token, request.total_cents);
        let reply = match verdict {
            Verdict::Unavailable | Verdict::Full => Reply::Unavailable,
            Verdict::Now | Verdict::Before if self.faults.loses_reply(key, nth) => Reply::Lost,
            _ => Reply::Sent,
        };
        (verdict, reply)
    }

    /// Writes the call's line, before anybody gets the answer. Where nobody reads the log any more, charges go on.
    fn note(&mut self, key: Option<&str>, verdict: Verdict, total_cents: Option<u64>, reply: Reply) {
        self.calls += 1;
        let call = Call { call: self.calls, key, charged: verdict, total_cents, reply };
        let _ = call.write_to(&mut self.log);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(payment_token: &'static str, total_cents: u64) -> ChargeRequest<'static> {
        ChargeRequest { payment_token: payment_token.into(), total_cents }
    }

    fn desk(faults: Faults) -> Desk {
        Desk { ledger: Ledger::new(2), faults, calls: 0, log: Box::new(io::sink()) }
    }

    #[test]
    fn a_lost_reply_is_a_charge_and_an_unavailable_provider_charges_nothing() {
        let mut losing = desk(Faults::none().lose_replies(1.0));
        assert_eq!(losing.charge("a", &request("tok_visa", 1)), (Verdict::Now, Reply::Lost));
        assert_eq!(losing.charge("a", &request("tok_visa", 1)), (Verdict::Before, Reply::Lost));
        let mut down = desk(Faults::none().lose_replies(1.0).unavailable(1.0));
        assert_eq!(down.charge("a", &request("tok_visa", 1)), (Verdict::Unavailable, Reply::Unavailable));
        assert_eq!(down.ledger.charges().count(), 0);
    }

    #[test]
    fn a_full_ledger_charges_only_the_keys_that_it_knows() {
        let mut desk = desk(Faults::none());
        for key in ["a", "b"] {
            assert_eq!(desk.charge(key, &request("tok_visa", 1)), (Verdict::Now, Reply::Sent));
        }
        assert_eq!(desk.charge("c", &request("tok_visa", 1)), (Verdict::Full, Reply::Unavailable));
        assert_eq!(desk.charge("a", &request("tok_visa", 1)), (Verdict::Before, Reply::Sent));
    }
}
