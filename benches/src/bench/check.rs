//! What must hold before anything is measured: a side says which records failed, and runs nothing twice.

use std::{collections::BTreeMap, fs, time::Duration};

use anyhow::{Context as _, ensure};
use compare::event::{event, message_id, order_id};

use crate::{
    measure::Bench,
    session::{PATIENCE, Session, Wanted},
    side::Side,
    store::Account,
};

/// How many records the event has, and which of them fails.
const RECORDS: usize = 10;
const FAILS: usize = 3;

/// With claims and without: the same event twice.
pub(crate) async fn check(bench: &Bench<'_>, side: Side) -> anyhow::Result<()> {
    for store_delay in [None, Some(Duration::ZERO)] {
        check_with(bench, side, store_delay).await.with_context(|| side.name())?;
    }
    Ok(())
}

async fn check_with(bench: &Bench<'_>, side: Side, store_delay: Option<Duration>) -> anyhow::Result<()> {
    let notes = bench.options.work.join("runs");
    fs::write(&notes, "")?;
    let environment = [("COMPARE_RUNS", notes.display().to_string())];
    let wanted = Wanted { work: &bench.options.work, store_delay, environment: &environment, patience: PATIENCE };
    let mut session = Session::start(bench.command(side), wanted).await?;
    for _ in 0..2 {
        let failed = session.invoke(event(0..RECORDS, |number| number == FAILS)).await?.failed;
        ensure!(failed == [message_id(FAILS)], "one record of ten fails, but it named {failed:?}");
    }
    let account = session.end().await?;
    let ran = runs(&fs::read_to_string(&notes)?);
    let expected = |number| if store_delay.is_none() || number == FAILS { 2 } else { 1 };
    let expected = (0..RECORDS).map(|number| (order_id(number), expected(number))).collect();
    ensure!(ran == expected, "the event came twice, and it ran {ran:?}");
    account.map_or(Ok(()), |account| has_completed(&account))
}

/// How often each order ran.
fn runs(notes: &str) -> BTreeMap<String, usize> {
    let mut runs = BTreeMap::new();
    for order in notes.lines() {
        *runs.entry(order.to_owned()).or_default() += 1;
    }
    runs
}

/// Whether a failed message leaves a row is each side's own business.
fn has_completed(account: &Account) -> anyhow::Result<()> {
    let completed = account.rows.get("COMPLETED").copied().unwrap_or_default();
    ensure!(completed == RECORDS - 1, "nine records of ten are done, but rows are {:?}", account.rows);
    Ok(())
}
