//! One trial: a process of its own, warmed up, then measured.

use std::time::Duration;

use anyhow::ensure;
use serde::Serialize;
use sqs_runtime::{Clock as _, SystemClock};

use crate::{
    figures::{Figures, percentile},
    measure::Bench,
    session::{PATIENCE, Session, Wanted},
    side::Side,
    store::Account,
};

/// What is tried.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
pub(crate) struct Setup {
    pub(crate) side: Side,
    pub(crate) records: usize,
    /// How late the store answers, in milliseconds; `None` where nothing is claimed.
    pub(crate) store_ms: Option<u64>,
    /// Messages at a time, where it is not the default.
    pub(crate) concurrency: Option<usize>,
}

/// How long a part of a trial is: whichever comes first, but one invocation at least.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Length {
    pub(crate) invocations: usize,
    pub(crate) time: Duration,
}

/// Tries it once.
pub(crate) async fn trial(bench: &Bench<'_>, setup: Setup, warm_up: Length, length: Length) -> anyhow::Result<Figures> {
    let concurrency = setup.concurrency.map(|limit| ("SQS_RUNTIME_CONCURRENCY", limit.to_string()));
    let wanted = Wanted {
        work: &bench.options.work,
        store_delay: setup.store_ms.map(Duration::from_millis),
        environment: concurrency.as_slice(),
        patience: PATIENCE,
    };
    let mut session = Session::start(bench.command(setup.side), wanted).await?;
    let warmed_up = invoke(&mut session, setup.records, warm_up).await?;
    let of_warm_up = session.account().await?;
    let (before, messages_before) = (session.cpu()?, session.messages());
    let took = invoke(&mut session, setup.records, length).await?;
    let (after, messages) = (session.cpu()?, session.messages());
    let (initialisation, peak_kib) = (session.initialisation, session.peak_kib()?);
    let account = session.end().await?.unwrap_or_default();
    if setup.store_ms.is_some() {
        is_complete(&account, messages)?;
    }
    let asked = account.since(&of_warm_up);
    let measured = (messages - messages_before) as f64;
    Ok(Figures {
        cpu_us: (after.saturating_sub(before)).as_secs_f64() * 1e6 / measured,
        p50_ms: percentile(took.clone(), 50),
        p99_ms: percentile(took, 99),
        initialisation_ms: milliseconds(initialisation),
        first_ms: warmed_up.first().copied().unwrap_or(f64::NAN),
        peak_mib: peak_kib as f64 / 1_024.0,
        requests: asked.all_requests() as f64 / measured,
        write_units: asked.write_units as f64 / measured,
        store_us: asked.busy_us as f64 / measured,
    })
}

/// Milliseconds of each invocation.
async fn invoke(session: &mut Session, records: usize, length: Length) -> anyhow::Result<Vec<f64>> {
    let clock = SystemClock::new();
    let until = clock.monotonic() + length.time;
    let mut took = Vec::new();
    while took.is_empty() || (took.len() < length.invocations && clock.monotonic() < until) {
        took.push(milliseconds(session.invoke_new(records).await?));
    }
    Ok(took)
}

/// As many rows as messages, each completed: else a side was fast because it did less.
pub(crate) fn is_complete(account: &Account, messages: usize) -> anyhow::Result<()> {
    let completed = account.rows.get("COMPLETED").copied().unwrap_or_default();
    let rows: usize = account.rows.values().sum();
    ensure!(completed == messages && rows == messages, "{messages} messages, but rows are {:?}", account.rows);
    Ok(())
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_too_few_too_many_or_in_progress_is_noticed() {
        let rows = |rows: &[(&str, usize)]| Account {
            rows: rows.iter().map(|(status, count)| ((*status).to_owned(), *count)).collect(),
            ..Account::default()
        };
        assert!(is_complete(&rows(&[("COMPLETED", 2)]), 2).is_ok());
        for wrong in [&[("COMPLETED", 1)][..], &[("COMPLETED", 3)], &[("COMPLETED", 1), ("INPROGRESS", 1)], &[]] {
            assert!(is_complete(&rows(wrong), 2).is_err(), "{wrong:?}");
        }
    }
}
