//! Connections, and how one ends without an answer.
//!
//! A server loop of our own over `hyper`, because a router can only answer: where a service fails instead, `hyper` closes the
//! connection and has sent nothing.

use std::{fmt, io, sync::Arc};

use axum::{Router, body::Body, response::Response};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use sqs_runtime::run::{Spawn, TokioSpawn};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tower::Service;

/// At most this many connections are open; further ones wait in the listener's backlog.
const MAX_CONNECTIONS: usize = 512;

pub(super) async fn serve(listener: TcpListener, router: Router) -> io::Result<()> {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let permit = Arc::clone(&permits).acquire_owned().await.map_err(io::Error::other)?;
        match listener.accept().await {
            Ok((stream, _)) => {
                let connection = connection(stream, router.clone());
                TokioSpawn.spawn(Box::pin(async move {
                    connection.await;
                    drop(permit);
                }));
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(stream: TcpStream, router: Router) {
    let service = service_fn(move |request| answer(router.clone(), request));
    // How it ends is the client's affair, or was meant so.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(mut router: Router, request: Request<Incoming>) -> Result<Response, Lost> {
    let Ok(response) = router.call(request.map(Body::new)).await;
    if response.extensions().get::<Lost>().is_some() { Err(Lost) } else { Ok(response) }
}

/// Marks a response that must not be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost;

impl Lost {
    pub(super) fn response() -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(Self);
        response
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reply is lost on purpose")
    }
}

impl std::error::Error for Lost {}
