//! The whole comparison: checks, rounds, counts, and what they come to.

use std::{
    collections::HashMap,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;
use serde::Serialize;

use crate::{
    check::check,
    command_line::Options,
    figures::Figures,
    instructions,
    limits::{Limit, limits},
    origin::Origin,
    plan::Plan,
    report,
    side::Side,
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
    pub(crate) limits: Vec<Limit>,
    pub(crate) origin: Origin,
}

impl Results {
    /// What that side took, with the default concurrency.
    pub(crate) fn of(&self, side: Side, records: usize, store_ms: Option<u64>) -> Option<&Figures> {
        let wanted = Setup { side, records, store_ms, concurrency: None };
        self.rows.iter().find(|row| row.setup == wanted).map(|row| &row.figures)
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
    let rows = rounds(&bench, &plan).await?;
    say("instructions");
    let instructions = Instructions {
        ours: instructions::per_record(&bench, Side::Ours, plan.counted).await?,
        by_hand: instructions::per_record(&bench, Side::ByHand, plan.counted).await?,
    };
    let (is_whole, rounds) = (!options.is_quick, plan.rounds);
    let mut results = Results { is_whole, rounds, rows, instructions, limits: Vec::new(), origin };
    results.limits = limits(&results);
    report::report(&results, options)?;
    Ok(results.limits.iter().all(Limit::holds))
}

async fn rounds(bench: &Bench<'_>, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let setups = plan.round();
    let mut trials: HashMap<Setup, Vec<Figures>> = HashMap::new();
    for round in 1..=plan.rounds {
        say(&format!("round {round} of {}", plan.rounds));
        for &setup in &setups {
            let figures = trial(bench, setup, plan.warm_up, plan.length).await.with_context(|| format!("{setup:?}"))?;
            trials.entry(setup).or_default().push(figures);
        }
    }
    let row = |setup: &Setup| {
        let trials = trials.get(setup).map_or(&[][..], Vec::as_slice);
        Row { setup: *setup, trials: trials.len(), figures: Figures::medians(trials) }
    };
    Ok(setups.iter().map(row).collect())
}

/// How far it is, for who waits.
fn say(what: &str) {
    let _ = writeln!(io::stderr().lock(), "{what}");
}
