//! DynamoDB in a process of its own: dynoxide, behind a delay, with an account of what it was asked.
//!
//! - `statement` and `shards`: which of several databases has a row.
//! - `operations`: what the sides ask for.
//! - `delay`: when they are answered.
//! - `account`: what all of it came to.

mod account;
mod delay;
mod operations;
mod shards;
mod statement;

use std::{
    io::{self, Write},
    net::Ipv4Addr,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    thread::available_parallelism,
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
use futures_util::future::{Either, select};
use sqs_runtime::{Clock as _, SystemClock};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpListener,
    runtime::Builder,
    task::spawn_blocking,
};

pub(crate) use self::account::Account;
use self::{delay::Delay, operations::Answered, shards::Shards};

struct Store {
    shards: Shards,
    delay: Delay,
    clock: SystemClock,
    account: Mutex<Account>,
}

/// Serves on a free port of loopback until standard input ends.
///
/// The first line on standard output is the endpoint. Each line on standard input is answered with the account so far, and its end with the
/// whole one.
pub(crate) fn serve(delay: Duration) -> anyhow::Result<()> {
    // One thread reads and writes and never waits for a database. As many work as there are cores; one more reads standard input.
    let mut runtime = Builder::new_current_thread();
    runtime.enable_io().max_blocking_threads(available_parallelism()?.get() + 1);
    runtime.build()?.block_on(serve_until_closed(delay))
}

async fn serve_until_closed(delay: Duration) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let store = Arc::new(Store::new(delay)?);
    writeln!(io::stdout().lock(), "http://{address}")?;
    let router = Router::new().fallback(answer).with_state(Arc::clone(&store));
    // An answer is not to wait until the one before it is acknowledged.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let serving = pin!(async { axum::serve(listener, router).await });
    match select(serving, pin!(account_for(&store))).await {
        Either::Left((ended, _)) => Ok(ended?),
        Either::Right((ended, _)) => ended,
    }
}

/// Whoever started this keeps its standard input open, and where he dies it is closed.
async fn account_for(store: &Store) -> anyhow::Result<()> {
    let say = |account: &Account| anyhow::Ok(writeln!(io::stdout().lock(), "{}", serde_json::to_string(account)?)?);
    let mut asked = BufReader::new(tokio::io::stdin()).lines();
    while asked.next_line().await?.is_some() {
        say(&store.account())?;
    }
    say(&Account { rows: store.shards.rows()?, ..store.account() })
}

async fn answer(State(store): State<Arc<Store>>, headers: HeaderMap, body: Bytes) -> Response {
    let arrived = store.clock.monotonic();
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.split('.').nth(1)).unwrap_or_default().to_owned();
    let at_work = {
        let store = Arc::clone(&store);
        spawn_blocking(move || store.answer(&operation, &body, arrived))
    };
    // Measured from its arrival: what the store takes is no more than a part of the delay. That the work is done wakes nobody before then.
    let answered = match store.delay.since(arrived).await {
        Ok(()) => at_work.await.map_err(Into::into),
        Err(error) => Err(error),
    };
    match answered {
        Ok(answered) => {
            let status = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, [(CONTENT_TYPE, "application/x-amz-json-1.0")], answered.body).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}

impl Store {
    fn new(delay: Duration) -> anyhow::Result<Self> {
        let clock = SystemClock::new();
        Ok(Self {
            shards: Shards::new()?,
            delay: Delay::start(delay, clock.clone())?,
            clock,
            account: Mutex::default(),
        })
    }

    fn account(&self) -> Account {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn answer(&self, operation: &str, body: &[u8], arrived: Duration) -> Answered {
        let answered = operations::answer(&self.shards, operation, body);
        let busy = self.clock.monotonic().saturating_sub(arrived);
        self.account.lock().unwrap_or_else(PoisonError::into_inner).asked(operation, &answered, busy);
        answered
    }
}
