//! Who counts the runs of handlers, outside of every store.
//!
//! - `provider`: the payment provider of `orders`. Each run makes one call, so the calls for a piece of work are its runs.
//! - `subscriber`: the subscriber of `webhooks`, to whom each run makes one post.
//! - `log`: a function's log, in which each run of `ledger` leaves a line.
//! - `book`: what each of them notes.
//!
//! The first two are one server. It does what it is asked for: whoever sends a message plans its fate in what the function will say here.

mod book;
pub(crate) mod log;
mod provider;
mod subscriber;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{Router, http::HeaderMap, routing::post};
use sqs_runtime::run::{Spawn as _, TokioSpawn};
use tokio::net::TcpListener;

use self::book::Book;
pub(crate) use self::{book::Runs, subscriber::NAME as SUBSCRIBER};
use crate::account::Effect;

/// The server: payment provider and subscriber.
pub(crate) struct Counter {
    address: SocketAddr,
    book: Shared,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Book>>);

impl Counter {
    /// Listens on a free port of loopback, until the process ends.
    pub(crate) async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let book = Shared::default();
        let router = Router::new().route("/charges", post(provider::charge)).route("/hooks", post(subscriber::take));
        let router = router.with_state(book.clone());
        // Where it stops, messages fail, and the account says so.
        TokioSpawn.spawn(Box::pin(async move { drop(axum::serve(listener, router).await) }));
        Ok(Self { address, book })
    }

    /// Where `orders` finds the payment provider.
    pub(crate) fn payments(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where `webhooks` finds its subscribers, by their names.
    pub(crate) fn subscribers(&self) -> String {
        format!("{SUBSCRIBER}=http://{}/hooks", self.address)
    }

    /// The runs so far, by work.
    pub(crate) fn runs(&self) -> BTreeMap<String, Runs> {
        self.book.open().runs().clone()
    }

    /// What the subscriber took so far, by work.
    pub(crate) fn taken(&self) -> BTreeMap<String, Effect> {
        self.book.open().taken().clone()
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What shall happen, and the work: `tok_failstwice_S-1-17`.
fn parts(asked: &str) -> (&str, &str) {
    asked.split_once('_').and_then(|(_, rest)| rest.split_once('_')).unwrap_or(("", asked))
}

/// Empty where there is none.
fn idempotency_key(headers: &HeaderMap) -> &str {
    headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default()
}
