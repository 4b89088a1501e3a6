//! Runs the simulation for many seeds.
//!
//! ```text
//! simulate --seeds N [--from SEED] [--plant NAME] [--trace]
//! ```
//!
//! Ends with `seeds=N invocations=.. starts=.. faults=.. violations=0` and 0; a broken rule prints its seed and its account and
//! ends with 1, with all that happened before it where `--trace` is given. With `--plant NAME` it ends with 1 as soon as the planted bug is caught, and `plant=NAME caught_at_seed=K`;
//! `--plant list` names them.

#[path = "../shared/scenario.rs"]
mod scenario;

use std::{
    io::{self, Write},
    ops::Range,
    panic::resume_unwind,
    process::ExitCode,
    thread,
};

use lexopt::prelude::*;
use sqs_runtime::testkit::simulator::{Account, Plant};

const USAGE: &str = "usage: simulate --seeds N [--from SEED] [--plant NAME|list] [--trace]";

#[derive(Clone, Copy)]
struct Args {
    seeds: u64,
    from: u64,
    plant: Option<Plant>,
    traces: bool,
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
    let (mut seeds, mut from, mut plant, mut traces) = (None, 0, None, false);
    while let Some(argument) = command_line.next()? {
        match argument {
            Long("seeds") => seeds = Some(command_line.value()?.parse()?),
            Long("from") => from = command_line.value()?.parse()?,
            Long("trace") => traces = true,
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
    Ok(Asked::Run(Args { seeds: seeds.ok_or("--seeds is missing")?, from, plant, traces }))
}

/// What one seed came to.
struct Ran {
    seed: u64,
    invocations: u64,
    starts: usize,
    faults: u64,
    /// The account where it broke something.
    broken: Option<Account>,
}

fn run(seed: u64, plant: Option<Plant>) -> Ran {
    let account = scenario::run(seed, plant);
    let (invocations, starts, faults) = (account.invocations, account.starts.len(), account.faults.total());
    Ran { seed, invocations, starts, faults, broken: (!account.violations.is_empty()).then_some(account) }
}

fn cores() -> u64 {
    thread::available_parallelism().map_or(1, |cores| cores.get() as u64)
}

/// How many seeds each thread takes before the others are waited for.
const TURN: u64 = 32;

/// Runs these seeds on all cores, in their order.
fn run_all(seeds: Range<u64>, plant: Option<Plant>) -> Vec<Ran> {
    let cores = cores();
    let share = |core: u64| {
        let mine = seeds.clone().filter(move |seed| (seed - seeds.start) % cores == core);
        move || mine.map(|seed| run(seed, plant)).collect::<Vec<_>>()
    };
    let mut ran: Vec<Ran> = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|core| scope.spawn(share(core))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    ran.sort_by_key(|ran| ran.seed);
    ran
}

fn simulate(args: Args) -> ExitCode {
    let (mut invocations, mut starts, mut faults) = (0, 0, 0);
    let end = args.from.saturating_add(args.seeds);
    let turn = TURN * cores();
    let mut from = args.from;
    while from < end {
        let until = from.saturating_add(turn).min(end);
        for ran in run_all(from..until, args.plant) {
            invocations += ran.invocations;
            starts += ran.starts;
            faults += ran.faults;
            if let Some(account) = ran.broken {
                return broken(&account, args);
            }
        }
        from = until;
    }
    let seeds = args.seeds;
    let line = format!("seeds={seeds} invocations={invocations} starts={starts} faults={faults} violations=0");
    tell(&mut io::stdout(), &line);
    ExitCode::SUCCESS
}

fn broken(account: &Account, Args { plant, traces, .. }: Args) -> ExitCode {
    if traces {
        tell(&mut io::stdout(), &account.trace.join("\n"));
    }
    let (seed, violations) = (account.seed, account.violations.join("\n"));
    let line = match plant {
        Some(plant) => format!("{violations}\nplant={} caught_at_seed={seed}", plant.name()),
        None => format!("seed {seed}: {account}\n{violations}\nagain: simulate --seeds 1 --from {seed}"),
    };
    tell(&mut io::stdout(), &line);
    ExitCode::FAILURE
}

/// A line for whoever reads it.
fn tell(to: &mut impl Write, line: &str) {
    let _ = writeln!(to, "{line}");
}
