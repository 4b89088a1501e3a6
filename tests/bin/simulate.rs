//! Runs the simulation for many seeds.
//!
//! ```text
//! simulate --seeds N [--from SEED] [--plant NAME]
//! ```
//!
//! Ends with `seeds=N invocations=.. starts=.. faults=.. violations=0` and 0; a broken rule prints its seed and its account and
//! ends with 1. With `--plant NAME` it ends with 1 as soon as the planted bug is caught, and `plant=NAME caught_at_seed=K`;
//! `--plant list` names them.

#[path = "../shared/scenario.rs"]
mod scenario;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use lexopt::prelude::*;
use sqs_runtime::testkit::simulator::Plant;

const USAGE: &str = "usage: simulate --seeds N [--from SEED] [--plant NAME|list]";

#[derive(Clone, Copy)]
struct Args {
    seeds: u64,
    from: u64,
    plant: Option<Plant>,
}

enum Asked {
    Run(Args),
    List,
}

fn main() -> ExitCode {
    let asked = match parse(lexopt::Parser::from_env()) {
        Ok(asked) => asked,
        Err(error) => {
            tell(&mut io::stderr(), &format!("{error}; {USAGE}"));
            return ExitCode::from(2);
        }
    };
    match asked {
        Asked::List => {
            Plant::ALL.iter().for_each(|plant| tell(&mut io::stdout(), plant.name()));
            ExitCode::SUCCESS
        }
        Asked::Run(args) => {
            // Panics that a handler is asked for are no news.
            std::panic::set_hook(Box::new(|_| {}));
            simulate(args)
        }
    }
}

fn parse(mut command_line: lexopt::Parser) -> Result<Asked, lexopt::Error> {
    let (mut seeds, mut from, mut plant) = (None, 0, None);
    while let Some(argument) = command_line.next()? {
        match argument {
            Long("seeds") => seeds = Some(command_line.value()?.parse()?),
            Long("from") => from = command_line.value()?.parse()?,
            Long("plant") => {
                let name = command_line.value()?.string()?;
                if name == "list" {
                    return Ok(Asked::List);
                }
                plant = Some(Plant::by_name(&name).ok_or_else(|| format!("no plant is called {name}"))?);
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(Asked::Run(Args { seeds: seeds.ok_or("--seeds is missing")?, from, plant }))
}

fn simulate(args: Args) -> ExitCode {
    let (mut invocations, mut starts, mut faults) = (0, 0, 0);
    for seed in args.from..args.from.saturating_add(args.seeds) {
        let account = scenario::run(seed, args.plant);
        invocations += account.invocations;
        starts += account.starts.len();
        faults += account.faults.total();
        if account.violations.is_empty() {
            continue;
        }
        let violations = account.violations.join("\n");
        if let Some(plant) = args.plant {
            tell(&mut io::stdout(), &format!("{violations}\nplant={} caught_at_seed={seed}", plant.name()));
        } else {
            let again = format!("simulate --seeds 1 --from {seed}");
            tell(&mut io::stdout(), &format!("seed {seed}: {account}\n{violations}\nagain: {again}"));
        }
        return ExitCode::FAILURE;
    }
    let seeds = args.seeds;
    let line = format!("seeds={seeds} invocations={invocations} starts={starts} faults={faults} violations=0");
    tell(&mut io::stdout(), &line);
    ExitCode::SUCCESS
}

/// A line for whoever reads it.
fn tell(to: &mut impl Write, line: &str) {
    let _ = writeln!(to, "{line}");
}
