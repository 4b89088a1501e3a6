//! The shop's second queue. A confirmation comes as one message, and the customer gets one mail.
//!
//! The shop writes, in one transaction with its order, a row into an outbox; what is in the outbox is sent to this queue, at
//! least once.
//!
//! - `confirmation`: what a message says, and whether it makes sense.
//! - `address`: where a customer gets mail. The message does not say: who can write to the queue must not choose who gets mail.
//! - `mail`: the mail, and the `Message-ID` that it has at every attempt.
//! - `server`: the mail server, and what its answers mean.
//! - `confirm`: the handler, one async function for one message.
//!
//! # What this cannot promise
//!
//! That the mail comes once. A payment provider remembers idempotency keys, so `orders` can try a charge again; **a mail server
//! remembers none**. Three steps follow each other: the claim, the mail, the record that it was sent. If the process dies
//! between the second and the third, if the invocation's deadline stops it there, or if the server's last answer is lost on the
//! way, nobody knows that the mail was taken. The message comes back, and **the mail is sent again**. No queue library can close
//! that gap, and this one does not. `tests/mail/crash.rs` shows it: it kills the process there, and the mail comes twice.
//!
//! There are two orders to choose from, and none without a gap:
//!
//! | order | a crash in between | so the mail comes |
//! | --- | --- | --- |
//! | claim, send, record (what the crate does) | sends it again, once the lease is over | at least once, never lost |
//! | record, send | loses it for good | at most once |
//!
//! A customer can live with a second mail better than without one, so this example keeps the first. The crate has no switch for
//! the second: it records what a handler has done, never what it is about to do. A message that fails too often is not lost
//! either: the redrive policy moves it to the dead-letter queue.
//!
//! What can be done about the second mail is done: it has **the same `Message-ID`**, made from the idempotency key. Some mail
//! servers and mail programs drop or fold together what has the id of a mail that they have; nobody has to. The claim keeps out
//! everything else: second deliveries and second sends.
//!
//! # Run it
//!
//! Any mail server will do; `aiosmtpd` of Python prints what it takes.
//!
//! ```text
//! python3 -m aiosmtpd -n -l 127.0.0.1:2525
//! SMTP_URL=smtp://127.0.0.1:2525 cargo run -p confirmations -- replay tests/fixtures/confirmations.json --redeliver 1
//! ```
//!
//! Without `SMTP_URL` it does not start: there is no mail server that would be a good guess.
//!
//! # TLS
//!
//! There is none here, and so no passwords: `SMTP_URL` takes `smtp://HOST:PORT` and refuses the rest. That is right for a mail
//! server on the same machine. For any other, turn on a TLS of `lettre` (its features `tokio1-rustls`, `aws-lc-rs` and
//! `webpki-roots`) and pass `TlsParameters` where `server` connects.

mod address;
mod confirm;
mod confirmation;
mod mail;
mod server;

use std::sync::Arc;

use sqs_runtime::{Consumer, Idempotency, claim::Key};

pub use self::{
    address::{AddressBook, AddressError, CustomerAddresses},
    confirm::{Mailer, confirm},
    confirmation::{BadOrderId, Confirmation},
    mail::message_id,
    server::{MailServer, MailServerError, SendError},
};

/// The consumer that `main` runs and the tests deliver events to.
#[must_use]
pub fn consumer(idempotency: Idempotency, server: MailServer) -> Consumer {
    let mailer = Mailer::new(server, Arc::new(CustomerAddresses));
    // Each mail has a connection of its own, and mail servers count those.
    Consumer::new(confirm).state(mailer).idempotency(by_order(idempotency)).concurrency(8)
}

/// A confirmation is named by its order, and is the same if customer and total are: sent twice it is one mail, and another
/// customer or total under the same order is a conflict, not a repetition.
#[must_use]
pub fn by_order(idempotency: Idempotency) -> Idempotency {
    idempotency.key(Key::pointer("/orderId").same_fields(["/customerId", "/totalCents"]))
}
