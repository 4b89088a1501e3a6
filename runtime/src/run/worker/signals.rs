//! Signals: the first stops the worker, the second ends it.

use std::convert::Infallible;

use super::WorkerHandle;
use crate::{Error, error::Kind};

/// Listens from now on.
#[cfg(unix)]
pub(super) fn obey(worker: WorkerHandle) -> Result<impl Future<Output = Infallible>, Error> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| Kind::Host(error.into()));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let mut next = async move || {
        let (one, other) = (Box::pin(terminate.recv()), Box::pin(interrupt.recv()));
        futures_util::future::select(one, other).await;
    };
    Ok(async move {
        next().await;
        stop(&worker);
        next().await;
        worker.end();
        std::future::pending().await
    })
}

/// Listens from now on.
#[cfg(not(unix))]
pub(super) fn obey(worker: WorkerHandle) -> Result<impl Future<Output = Infallible>, Error> {
    Ok(async move {
        let _ = tokio::signal::ctrl_c().await;
        stop(&worker);
        let _ = tokio::signal::ctrl_c().await;
        worker.end();
        std::future::pending().await
    })
}

fn stop(worker: &WorkerHandle) {
    tracing::info!("told to stop: what runs is finished, nothing more is received; a second signal ends at once");
    worker.stop();
}
