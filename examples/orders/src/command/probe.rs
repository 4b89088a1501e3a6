//! `orders probe`: asks a worker on this machine whether it lives. An image without a shell has nothing else for a container's health check.

use std::{net::SocketAddr, time::Duration};

use lexopt::prelude::*;
use reqwest::{Client, StatusCode, redirect};

use super::{Stop, arguments::required};
use crate::causes::causes;

const USAGE: &str = "\
Asks a worker's /healthz, and ends with 0 where it lives, with 1 where it says that it does not, or says nothing.

usage: orders probe ADDRESS

  ADDRESS  the one that the worker was given with --health, such as 127.0.0.1:8080
";

/// Less than whoever asks for the answer waits.
const TIMEOUT: Duration = Duration::from_secs(4);

pub(super) async fn main(mut command_line: lexopt::Parser) -> Result<(), Stop> {
    let mut address = None;
    while let Some(argument) = command_line.next()? {
        match argument {
            Value(text) if address.is_none() => address = Some(text.parse()?),
            Long("help") | Short('h') => return Err(Stop::Help(USAGE)),
            other => return Err(other.unexpected().into()),
        }
    }
    lives(required(address, "ADDRESS")?).await
}

async fn lives(address: SocketAddr) -> Result<(), Stop> {
    let client = Client::builder().timeout(TIMEOUT).no_proxy().redirect(redirect::Policy::none()).build();
    let client = client.map_err(Stop::failed)?;
    let answer = client.get(format!("http://{address}/healthz")).send().await;
    match answer.map_err(|error| Stop::failed(causes(&error)))?.status() {
        StatusCode::OK => Ok(()),
        status => Err(Stop::failed(format_args!("the worker says {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, routing::get};
    use tokio::net::TcpListener;

    use super::*;

    /// Asks a worker that answers so.
    #[expect(clippy::disallowed_methods, reason = "a worker of its own, beside who asks it")]
    async fn asked(status: StatusCode) -> Result<(), Stop> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let pages = Router::new().route("/healthz", get(move || async move { status }));
        let served = tokio::spawn(async move { axum::serve(listener, pages).await });
        let answer = lives(address).await;
        served.abort();
        answer
    }

    #[tokio::test]
    async fn only_a_worker_that_says_so_lives() {
        assert!(asked(StatusCode::OK).await.is_ok());
        for status in [StatusCode::SERVICE_UNAVAILABLE, StatusCode::NOT_FOUND, StatusCode::FOUND] {
            assert!(matches!(asked(status).await, Err(Stop::Failed(text)) if text.contains(status.as_str())));
        }
    }

    #[tokio::test]
    async fn nobody_there_is_a_worker_that_does_not_live() {
        let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
        assert!(matches!(lives(closed).await, Err(Stop::Failed(_))));
    }
}
