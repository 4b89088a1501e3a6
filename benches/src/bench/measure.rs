//! The whole comparison: checks, rounds, counts, and what they come to.

use std::{
    collections::HashMap,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::Context as _;
use serde::Serialize;
use sqs_runtime::{Clock as _, SystemClock};

use crate::{
    check::check,
    command_line::Options,
    figures::Figures,
    instructions,
    limits::{Limit, STORE_MS, limits},
    origin::Origin,
    plan::Plan,
    report,
    side::Side,
    starts::{Start, starts},
    trial::{Setup, trial},
};

/// What every part needs.
pub(crate) struct Bench<'a> {
    pub(crate) options: &'a Options,
    /// Where the sides in Rust are.
    programs: PathBuf,
}

impl Bench<'_> {
    /// The process of a side.
    pub(crate) fn command(&self, side: Side) -> Command {
        side.command(self.options, &self.programs)
    }
}

/// What was tried, and the medians of its rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    #[serde(flatten)]
    pub(crate) setup: Setup,
    /// How often it was tried.
    pub(crate) trials: usize,
    #[serde(flatten)]
    pub(crate) figures: Figures,
}

/// Instructions for each record, of ten with claims.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Instructions {
    pub(crate) ours: f64,
    pub(crate) by_hand: f64,
}

/// What the comparison came to.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    /// Not a quick one.
    pub(crate) is_whole: bool,
    pub(crate) rounds: usize,
    pub(crate) rows: Vec<Row>,
    pub(crate) instructions: Instructions,
    pub(crate) starts: Vec<Start>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) origin: Origin,
}

impl Results {
    /// What that side took, with the default concurrency.
    pub(crate) fn of(&self, side: Side, records: usize, store_ms: Option<u64>) -> Option<&Figures> {
        self.at(Setup { side, records, store_ms, concurrency: None })
    }

    /// The starts of that side.
    pub(crate) fn start(&self, side: Side, store_ms: Option<u64>) -> Option<&Start> {
        self.starts.iter().find(|start| (start.side, start.store_ms) == (side, store_ms))
    }

    pub(crate) fn at(&self, setup: Setup) -> Option<&Figures> {
        self.rows.iter().find(|row| row.setup == setup).map(|row| &row.figures)
    }
}

/// Whether every figure holds.
#[tokio::main]
pub(crate) async fn measure(options: &Options) -> anyhow::Result<bool> {
    let plan = if options.is_quick { Plan::quick() } else { Plan::full() };
    let program = std::env::current_exe()?;
    let bench = Bench { options, programs: program.parent().unwrap_or(Path::new(".")).to_owned() };
    let origin = Origin::of(options)?;
    for &side in plan.sides {
        check(&bench, side).await?;
    }
    let (rounds, rows) = rounds(&bench, &plan).await?;
    say("starts");
    let starts = starts(&bench, STORE_MS, plan.starts).await?;
    say("instructions");
    let instructions = Instructions {
        ours: instructions::per_record(&bench, Side::Ours, plan.counted).await?,
        by_hand: instructions::per_record(&bench, Side::ByHand, plan.counted).await?,
    };
    let mut results =
        Results { is_whole: !options.is_quick, rounds, rows, instructions, starts, limits: Vec::new(), origin };
    results.limits = limits(&results);
    report::report(&results, options)?;
    Ok(results.limits.iter().all(Limit::holds))
}

/// How many rounds there was time for, and the medians of each setup.
async fn rounds(bench: &Bench<'_>, plan: &Plan) -> anyhow::Result<(usize, Vec<Row>)> {
    let (setups, clock) = (plan.round(), SystemClock::new());
    let mut trials: HashMap<Setup, Vec<Figures>> = HashMap::new();
    let mut times: HashMap<Setup, Duration> = HashMap::new();
    let (mut rounds, began) = (0, clock.monotonic());
    while rounds == 0 || (rounds < plan.rounds && clock.monotonic() - began < plan.time) {
        rounds += 1;
        say(&format!("round {rounds} of {}", plan.rounds));
        for &setup in &setups {
            let (time, began) = (times.entry(setup).or_default(), clock.monotonic());
            if *time < plan.time_of_each {
                let figures = trial(bench, setup, plan.warm_up, plan.length).await;
                trials.entry(setup).or_default().push(figures.with_context(|| format!("{setup:?}"))?);
                *time += clock.monotonic() - began;
            }
        }
    }
    let row = |setup: &Setup| {
        let trials = trials.get(setup).map_or(&[][..], Vec::as_slice);
        Row { setup: *setup, trials: trials.len(), figures: Figures::medians(trials) }
    };
    Ok((rounds, setups.iter().map(row).collect()))
}

/// How far it is, for who waits.
fn say(what: &str) {
    let _ = writeln!(io::stderr().lock(), "{what}");
}
