//! What probes and scrapers see of a worker: `/healthz`, `/readyz` and `/metrics` over HTTP, for as long as it runs.

mod address;
mod backlog;
mod http;
mod life;
mod listener;
mod metrics;

use std::{
    convert::Infallible,
    future::pending,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::net::TcpListener;

pub use self::address::HealthAddress;
use self::{
    backlog::{Backlog, Waiting},
    http::{Page, Status},
    life::Life,
    metrics::Measures,
};
use super::Common;
use crate::{Error, error::Kind};

/// Where a worker is asked how it is, and what only that needs to know.
#[derive(Default)]
pub(super) struct Health {
    wanted: Option<HealthAddress>,
    bound: OnceLock<SocketAddr>,
    /// Amazon Resource Names, once all are found.
    queues: OnceLock<Vec<Box<str>>>,
    backlog: Backlog,
}

impl Health {
    pub(super) fn at(wanted: Option<HealthAddress>) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// Where it listens; `None` where it does not, or not yet.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.bound.get().copied()
    }

    /// The queues of a worker are found.
    pub(super) fn found(&self, queues: impl Iterator<Item = Box<str>>) {
        // A worker runs once.
        let _ = self.queues.set(queues.collect());
    }

    fn has_queues(&self) -> bool {
        self.queues.get().is_some()
    }

    fn queues(&self) -> impl Iterator<Item = &str> {
        self.queues.get().into_iter().flatten().map(|arn| &**arn)
    }
}

/// Listens where that is wanted, before anything is received. What is returned answers for as long as it is polled, beside the worker.
pub(super) async fn start(common: &Arc<Common>) -> Result<impl Future<Output = Infallible> + use<>, Error> {
    let listener = match common.health.wanted {
        Some(HealthAddress(address)) => Some(bind(address, &common.health).await?),
        None => None,
    };
    let common = Arc::clone(common);
    Ok(async move {
        match listener {
            Some(listener) => listener::serve(listener, common).await,
            None => pending().await,
        }
    })
}

async fn bind(address: SocketAddr, health: &Health) -> Result<TcpListener, Error> {
    let cannot = |error| Kind::Settings(format!("health cannot be answered at {address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(cannot)?;
    let bound = listener.local_addr().map_err(cannot)?;
    tracing::info!(address = %bound, "health is answered: /healthz, /readyz and /metrics");
    let _ = health.bound.set(bound);
    Ok(listener)
}

async fn page(common: &Common, path: &str) -> Page {
    match path {
        "/healthz" => verdict(life(common).why_not_live().as_deref(), "live"),
        "/readyz" => verdict(life(common).why_not_ready(), "ready"),
        "/metrics" => {
            let backlog = common.health.backlog.of(common).await;
            Page::metrics(measures(common, backlog).text())
        }
        _ => Page::line(Status::NotFound, "there are /healthz, /readyz and /metrics"),
    }
}

fn verdict(why_not: Option<&str>, what: &str) -> Page {
    match why_not {
        Some(why) => Page::line(Status::Unavailable, why),
        None => Page::line(Status::Ok, what),
    }
}

fn life(common: &Common) -> Life {
    Life {
        now: common.seams.clock.monotonic(),
        stage: common.stop.stage(),
        has_queues: common.health.has_queues(),
        is_held_up: *common.paused.borrow() || common.pipeline.is_store_silent(),
        unanswered_since: common.stats.unanswered_since(),
        overdue_since: common.stats.overdue_since(),
    }
}

fn measures(common: &Common, backlog: Waiting) -> Measures {
    let (stats, now) = (&common.stats, common.seams.clock.monotonic());
    let since = |at: Duration| now.saturating_sub(at);
    Measures {
        stats: stats.snapshot(),
        failed: stats.failed().into(),
        durations: stats.durations(),
        concurrency: stats.limit().unwrap_or(common.pipeline.concurrency()),
        last_poll: stats.last_polled().map(since),
        oldest: stats.oldest().map(since),
        backlog,
    }
}
