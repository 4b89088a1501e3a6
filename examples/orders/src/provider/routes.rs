//! The ledger behind HTTP.

use std::collections::BTreeMap;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};

use super::{
    Provider,
    call::Reply,
    ledger::{Made, Verdict},
    server::Lost,
};
use crate::{
    Charged,
    payment::wire::{ChargeAnswer, ChargeRequest, KEY_HEADER},
};

/// Keys and tokens are kept, so they have a length.
const MAX_TEXT_BYTES: usize = 256;
const MAX_BODY_BYTES: usize = 4096;

pub(super) fn router(provider: Provider) -> Router {
    Router::new()
        .route("/charges", post(charge).get(charges))
        .route("/healthz", get(|| async { "ok\n" }))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(provider)
}

async fn charge(
    State(provider): State<Provider>,
    headers: HeaderMap,
    body: Result<Json<ChargeRequest<'static>>, JsonRejection>,
) -> Response {
    match (key(&headers), request(body)) {
        (Ok(key), Ok(request)) => {
            let (verdict, reply) = provider.with(|desk| desk.charge(key, &request));
            answer(verdict, reply)
        }
        (key, request) => {
            let total_cents = request.as_ref().ok().map(|request| request.total_cents);
            provider.with(|desk| desk.note(key.ok(), Verdict::BadRequest, total_cents, Reply::Sent));
            let why = request.err().or(key.err().map(String::from)).unwrap_or_default();
            (StatusCode::BAD_REQUEST, why + "\n").into_response()
        }
    }
}

/// The charges by key, in the order of the keys.
async fn charges(State(provider): State<Provider>) -> Response {
    provider.with(|desk| {
        let charges: BTreeMap<&str, Made> = desk.ledger.charges().collect();
        Json(charges).into_response()
    })
}

fn key(headers: &HeaderMap) -> Result<&str, &'static str> {
    let key = headers.get(KEY_HEADER).ok_or("the header Idempotency-Key is missing")?;
    let key = key.to_str().map_err(|_| "the Idempotency-Key is not printable")?;
    if key.is_empty() || key.len() > MAX_TEXT_BYTES {
        return Err("the Idempotency-Key is empty or too long");
    }
    Ok(key)
}

fn request(body: Result<Json<ChargeRequest<'static>>, JsonRejection>) -> Result<ChargeRequest<'static>, String> {
    let Json(request) = body.map_err(|rejection| rejection.body_text())?;
    if request.payment_token.len() > MAX_TEXT_BYTES {
        return Err("the paymentToken is too long".into());
    }
    Ok(request)
}

fn answer(verdict: Verdict, reply: Reply) -> Response {
    if reply == Reply::Lost {
        return Lost::response();
    }
    match verdict {
        Verdict::Now => Json(ChargeAnswer { charged: Charged::Now }).into_response(),
        Verdict::Before => Json(ChargeAnswer { charged: Charged::Before }).into_response(),
        Verdict::KeyReused => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
        Verdict::Declined => StatusCode::PAYMENT_REQUIRED.into_response(),
        Verdict::Unavailable | Verdict::Full => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Verdict::BadRequest => StatusCode::BAD_REQUEST.into_response(),
    }
}
