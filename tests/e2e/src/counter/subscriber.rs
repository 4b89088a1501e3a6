//! The subscriber: answers each post as its payload says, and takes what it answers with 2xx.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{Book, Shared, idempotency_key, parts};

/// What messages call it.
pub(crate) const NAME: &str = "crm";

#[derive(Deserialize)]
struct Payload {
    asks: String,
}

pub(super) async fn take(State(book): State<Shared>, headers: HeaderMap, body: String) -> Response {
    answer(&mut book.open(), &body, idempotency_key(&headers))
}

/// A body that nobody planned is work of its own, which was never sent.
fn answer(book: &mut Book, body: &str, key: &str) -> Response {
    let asks = serde_json::from_str(body).map_or_else(|_| body.to_owned(), |Payload { asks }| asks);
    let (kind, work) = parts(&asks);
    let runs = book.called(work);
    runs.keys.insert(key.to_owned());
    match (kind, runs.calls) {
        ("rejected", _) => StatusCode::GONE.into_response(),
        ("failsalways", _) | ("failstwice", 1 | 2) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        ("askstowait", 1) => (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "1")]).into_response(),
        _ => {
            book.took(work, body);
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_says_what_is_answered_and_each_post_that_is_taken_counts() {
        let mut book = Book::default();
        let body = |asks: &str| format!("{{\"asks\":\"hook_{asks}\"}}");
        let mut codes = |asks: &str| [1, 2, 3, 4].map(|_| answer(&mut book, &body(asks), "k").status().as_u16());
        assert_eq!(codes("failstwice_a"), [500, 500, 204, 204]);
        assert_eq!(codes("failsalways_b"), [500; 4]);
        assert_eq!(codes("rejected_c"), [410; 4]);
        assert_eq!(codes("askstowait_d"), [429, 204, 204, 204]);
        let taken = |work: &str| book.taken().get(work).map(|effect| (effect.times, effect.what.clone()));
        assert_eq!(taken("a"), Some((2, body("failstwice_a"))));
        assert_eq!(["b", "c"].map(taken), [None, None]);
        assert_eq!(taken("d"), Some((3, body("askstowait_d"))));
    }

    #[test]
    fn what_nobody_planned_is_counted_under_its_own_name() {
        let mut book = Book::default();
        assert_eq!(answer(&mut book, "17", "k").status(), StatusCode::NO_CONTENT);
        assert_eq!(book.taken().keys().chain(book.runs().keys()).collect::<Vec<_>>(), ["17", "17"]);
    }
}
