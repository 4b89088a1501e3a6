//! The payment provider: does what a payment token says, and counts.
//!
//! Each run of a handler makes one call, so the calls for a piece of work are its runs, counted outside of every store.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde::Deserialize;
use serde_json::json;
use sqs_runtime::run::{Spawn as _, TokioSpawn};
use tokio::net::TcpListener;

/// The payment provider.
pub(crate) struct Counter {
    address: SocketAddr,
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    calls: usize,
    runs: BTreeMap<String, Runs>,
}

/// What one piece of work asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Runs {
    pub(crate) calls: u64,
    /// The idempotency keys that came with the calls.
    pub(crate) keys: BTreeSet<String>,
    /// How often money was taken.
    pub(crate) charges: u64,
    /// The number of the call that was the last, among all calls.
    pub(crate) last: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Charge {
    payment_token: String,
}

impl Counter {
    /// Listens on a free port of loopback, until the process ends.
    pub(crate) async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let book = Arc::<Mutex<Book>>::default();
        let router = Router::new().route("/charges", post(charge)).with_state(Arc::clone(&book));
        // Where it stops, orders fail, and the account says so.
        TokioSpawn.spawn(Box::pin(async move { drop(axum::serve(listener, router).await) }));
        Ok(Self { address, book })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The runs so far, by work.
    pub(crate) fn runs(&self) -> BTreeMap<String, Runs> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).runs.clone()
    }
}

async fn charge(State(book): State<Arc<Mutex<Book>>>, headers: HeaderMap, Json(charge): Json<Charge>) -> Response {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    book.answer(&charge.payment_token, key.unwrap_or_default())
}

impl Book {
    fn answer(&mut self, token: &str, key: &str) -> Response {
        let (kind, work) = parts(token);
        self.calls += 1;
        let runs = self.runs.entry(work.to_owned()).or_default();
        runs.calls += 1;
        runs.last = self.calls;
        let is_new = runs.keys.insert(key.to_owned());
        match kind {
            "rejected" => StatusCode::PAYMENT_REQUIRED.into_response(),
            "failsalways" => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            "failstwice" if runs.calls <= 2 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            _ => {
                let is_first = is_new || runs.charges == 0;
                runs.charges += u64::from(is_first);
                Json(json!({"charged": if is_first { "now" } else { "before" }})).into_response()
            }
        }
    }
}

/// What shall happen, and the work: `tok_failstwice_S-1-17`.
fn parts(token: &str) -> (&str, &str) {
    token.strip_prefix("tok_").and_then(|rest| rest.split_once('_')).unwrap_or(("", token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_what_happens_and_a_key_is_charged_once() {
        let mut book = Book::default();
        let mut codes = |token: &str| [1, 2, 3, 4].map(|_| book.answer(token, "k").status().as_u16());
        assert_eq!(codes("tok_failstwice_a"), [503, 503, 200, 200]);
        assert_eq!(codes("tok_failsalways_b"), [503; 4]);
        assert_eq!(codes("tok_rejected_c"), [402; 4]);
        let charges = |work: &str| book.runs.get(work).map(|runs| (runs.calls, runs.charges));
        assert_eq!(["a", "b", "c"].map(charges), [Some((4, 1)), Some((4, 0)), Some((4, 0))]);
    }
}
