//! How many instructions a record costs, counted by callgrind: two sessions, one twice as long, so that start and end cancel out.

use std::{fs, process::Command, time::Duration};

use anyhow::Context as _;

use crate::{
    measure::Bench,
    session::{PATIENCE, Session, Wanted},
    side::Side,
};

/// Records in an invocation.
pub(crate) const RECORDS: usize = 10;

/// Instructions for each record, with claims.
pub(crate) async fn per_record(bench: &Bench<'_>, side: Side, invocations: usize) -> anyhow::Result<f64> {
    let once = total(bench, side, invocations).await?;
    let twice = total(bench, side, 2 * invocations).await?;
    Ok((twice - once) / (invocations * RECORDS) as f64)
}

/// What the whole process executes.
async fn total(bench: &Bench<'_>, side: Side, invocations: usize) -> anyhow::Result<f64> {
    let counts = bench.options.work.join("counts");
    let mut command = Command::new("valgrind");
    command.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", counts.display()));
    command.arg(bench.command(side).get_program());
    let wanted =
        Wanted { work: &bench.options.work, store_delay: Some(Duration::ZERO), environment: &[], patience: PATIENCE };
    let mut session = Session::start(command, wanted).await?;
    for _ in 0..invocations {
        session.invoke_new(RECORDS).await?;
    }
    session.end().await?;
    let text = fs::read_to_string(&counts).context("callgrind counted nothing")?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ").or_else(|| line.strip_prefix("summary: ")));
    Ok(total.context("callgrind says no sum")?.trim().parse()?)
}
