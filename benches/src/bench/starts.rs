//! How long a start takes, over many of them: one is some milliseconds, and as uncertain.

use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use crate::{
    figures::percentile,
    measure::Bench,
    session::{PATIENCE, Session, Wanted},
    side::Side,
    trial::milliseconds,
};

/// Records of the first invocation.
const RECORDS: usize = 10;

/// The starts of a side, as medians.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Start {
    pub(crate) side: Side,
    /// How late the store answers, in milliseconds; `None` where nothing is claimed.
    pub(crate) store_ms: Option<u64>,
    /// From the start of the process until it asks for an invocation.
    pub(crate) initialisation_ms: f64,
    /// The same, and its first invocation: what is made ready before is not waited for then.
    pub(crate) answered_ms: f64,
}

/// The sides in Rust in turn, as often as that, with claims and without.
pub(crate) async fn starts(bench: &Bench<'_>, store_ms: u64, times: usize) -> anyhow::Result<Vec<Start>> {
    let kinds: Vec<_> =
        [None, Some(store_ms)].into_iter().flat_map(|store| Side::RUST.map(|side| (side, store))).collect();
    let mut taken = vec![Vec::new(); kinds.len()];
    for _ in 0..times {
        for (taken, &(side, store_ms)) in taken.iter_mut().zip(&kinds) {
            taken.push(start(bench, side, store_ms).await.with_context(|| format!("a start of {}", side.name()))?);
        }
    }
    let median =
        |taken: &[(f64, f64)], figure: fn(&(f64, f64)) -> f64| percentile(taken.iter().map(figure).collect(), 50);
    let starts = kinds.into_iter().zip(taken).map(|((side, store_ms), taken)| Start {
        side,
        store_ms,
        initialisation_ms: median(&taken, |(initialisation, _)| *initialisation),
        answered_ms: median(&taken, |(initialisation, first)| initialisation + first),
    });
    Ok(starts.collect())
}

/// Milliseconds of the initialisation and of the first invocation.
async fn start(bench: &Bench<'_>, side: Side, store_ms: Option<u64>) -> anyhow::Result<(f64, f64)> {
    let store_delay = store_ms.map(Duration::from_millis);
    let wanted = Wanted { work: &bench.options.work, store_delay, environment: &[], patience: PATIENCE };
    let mut session = Session::start(bench.command(side), wanted).await?;
    let first = session.invoke_new(RECORDS).await?;
    let initialisation = session.initialisation;
    session.end().await?;
    Ok((milliseconds(initialisation), milliseconds(first)))
}
