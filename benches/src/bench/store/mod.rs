//! DynamoDB in a process of its own: dynoxide, behind a delay, with an account of what it was asked.

mod account;
mod operations;

use std::{
    io::{self, Write},
    net::Ipv4Addr,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    serve::ListenerExt as _,
};
use dynoxide::Database;
use futures_util::future::{Either, select};
use sqs_runtime::{Clock as _, SystemClock};
use tokio::net::TcpListener;

pub(crate) use self::account::Account;

struct Store {
    database: Database,
    delay: Duration,
    clock: SystemClock,
    account: Mutex<Account>,
}

/// Serves on a free port of loopback until standard input ends.
///
/// The first line on standard output is the endpoint, the last one the account.
pub(crate) async fn serve(delay: Duration) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let database = operations::database()?;
    let store = Arc::new(Store { database, delay, clock: SystemClock::new(), account: Mutex::default() });
    writeln!(io::stdout().lock(), "http://{address}")?;
    let router = Router::new().fallback(answer).with_state(Arc::clone(&store));
    // An answer is not to wait until the one before it is acknowledged.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let serving = pin!(async { axum::serve(listener, router).await });
    match select(serving, pin!(end_of_input())).await {
        Either::Left((ended, _)) | Either::Right((ended, _)) => ended?,
    }
    let mut account = store.account.lock().unwrap_or_else(PoisonError::into_inner).clone();
    account.rows = operations::rows(&store.database)?;
    Ok(writeln!(io::stdout().lock(), "{}", serde_json::to_string(&account)?)?)
}

/// Whoever started this keeps it open, and where he dies it is closed.
async fn end_of_input() -> io::Result<()> {
    tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await.map(drop)
}

async fn answer(State(store): State<Arc<Store>>, headers: HeaderMap, body: Bytes) -> Response {
    let arrived = store.clock.monotonic();
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.split('.').nth(1)).unwrap_or_default();
    let answered = operations::answer(&store.database, operation, &body);
    let busy = store.clock.monotonic().saturating_sub(arrived);
    store.account.lock().unwrap_or_else(PoisonError::into_inner).asked(operation, &answered, busy);
    // Measured from its arrival: what dynoxide takes is no more than a part of the delay.
    let rest = store.delay.saturating_sub(busy);
    if !rest.is_zero() {
        store.clock.sleep(rest).await;
    }
    let status = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(CONTENT_TYPE, "application/x-amz-json-1.0")], answered.body).into_response()
}
