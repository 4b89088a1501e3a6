//! A double of SQS with one queue, over HTTP and SQS's JSON protocol.
//!
//! It does what a consumer needs that is faster than its messages' visibility timeout: nothing comes back. What is asked of it beside that
//! is refused, so that a run which needs more fails.

mod account;
mod message;
mod operations;
mod queue;

use std::{
    io::{self, Write},
    net::Ipv4Addr,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use futures_util::future::{Either, select};
use sqs_runtime::{Clock, SystemClock};
use tokio::net::TcpListener;

use self::{operations::Refusal, queue::Queue};

/// Serves on a free port of loopback until standard input ends.
///
/// The first line on standard output is the queue's URL, the last one its account.
pub(crate) async fn serve(messages: usize) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let double = Arc::new(Double::new(messages, format!("http://{}/{}", listener.local_addr()?, message::QUEUE)));
    writeln!(io::stdout().lock(), "{}", double.url)?;
    // A queue's URL is its endpoint too, and each operation goes to any of its paths.
    let router = Router::new().fallback(answer).with_state(Arc::clone(&double));
    let serving = pin!(async { axum::serve(listener, router).await });
    match select(serving, pin!(end_of_input())).await {
        Either::Left((ended, _)) | Either::Right((ended, _)) => ended?,
    }
    let account = double.queue().account();
    Ok(writeln!(io::stdout().lock(), "{account}")?)
}

/// Whoever started this keeps it open, and where he dies it is closed.
async fn end_of_input() -> io::Result<()> {
    tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await.map(drop)
}

/// The service.
struct Double {
    url: String,
    clock: SystemClock,
    queue: Mutex<Queue>,
}

impl Double {
    fn new(messages: usize, url: String) -> Self {
        Self { url, clock: SystemClock::new(), queue: Mutex::new(Queue::new(messages)) }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.clock.monotonic()
    }
}

async fn answer(State(double): State<Arc<Double>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.strip_prefix("AmazonSQS.")).unwrap_or_default();
    let (status, answer) = match operations::answer(&double, operation, &body).await {
        Ok(answer) => (StatusCode::OK, answer),
        Err(Refusal { code, message }) => (
            StatusCode::BAD_REQUEST,
            serde_json::json!({"__type": format!("com.amazonaws.sqs#{code}"), "message": message}),
        ),
    };
    (status, [(CONTENT_TYPE, "application/x-amz-json-1.0")], answer.to_string()).into_response()
}
