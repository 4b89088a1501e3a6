//! The payment provider: does what a payment token says.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::{Book, Shared, idempotency_key, parts};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Charge {
    payment_token: String,
}

pub(super) async fn charge(State(book): State<Shared>, headers: HeaderMap, Json(charge): Json<Charge>) -> Response {
    answer(&mut book.open(), &charge.payment_token, idempotency_key(&headers))
}

fn answer(book: &mut Book, token: &str, key: &str) -> Response {
    let (kind, work) = parts(token);
    let runs = book.called(work);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_what_happens_and_a_key_is_charged_once() {
        let mut book = Book::default();
        let mut codes = |token: &str| [1, 2, 3, 4].map(|_| answer(&mut book, token, "k").status().as_u16());
        assert_eq!(codes("tok_failstwice_a"), [503, 503, 200, 200]);
        assert_eq!(codes("tok_failsalways_b"), [503; 4]);
        assert_eq!(codes("tok_rejected_c"), [402; 4]);
        let charges = |work: &str| book.runs().get(work).map(|runs| (runs.calls, runs.charges));
        assert_eq!(["a", "b", "c"].map(charges), [Some((4, 1)), Some((4, 0)), Some((4, 0))]);
    }
}
