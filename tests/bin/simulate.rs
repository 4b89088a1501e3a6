//! Runs the simulation for many seeds.
//!
//! ```text
//! simulate --seeds N [--from SEED] [--plant NAME] [--trace]
//! ```
//!
//! Ends with `seeds=N invocations=.. starts=.. faults=.. violations=0` and 0; a broken rule prints its seed and its account and
//! ends with 1, with all that happened before it where `--trace` is given. With `--plant NAME` it ends with 1 as soon as the planted bug is caught,
//! by the rule that it breaks, and `plant=NAME caught_at_seed=K`; `--plant list` names them.

#[path = "../shared/scenario/mod.rs"]
mod scenario;

use std::{
    any::Any,
    io::{self, Write},
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
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
    let seeds = seeds.filter(|seeds| *seeds > 0).ok_or("--seeds is missing, or no number above 0")?;
    Ok(Asked::Run(Args { seeds, from, plant, traces }))
}

/// What one seed came to.
struct Ran {
    seed: u64,
    invocations: u64,
    starts: usize,
    faults: u64,
    broken: Option<Broken>,
}

/// What is wrong with a seed.
enum Broken {
    /// It broke a rule.
    Rules(Box<Account>),
    /// It ended in a panic that no handler was asked for.
    Panicked(String),
}

fn run(seed: u64, plant: Option<Plant>) -> Ran {
    let account = match catch_unwind(AssertUnwindSafe(|| scenario::run(seed, plant))) {
        Ok(account) => account,
        Err(panic) => {
            let broken = Some(Broken::Panicked(words(&*panic)));
            return Ran { seed, invocations: 0, starts: 0, faults: 0, broken };
        }
    };
    let (invocations, starts, faults) = (account.invocations, account.starts.len(), account.faults.total());
    let is_broken = match plant {
        // Other rules may break before, as its consequence: only its own shows that it would be found for what it is.
        Some(plant) => plant.is_caught_by(&account),
        None => !account.violations.is_empty(),
    };
    let broken = is_broken.then(|| Broken::Rules(Box::new(account)));
    Ran { seed, invocations, starts, faults, broken }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("for no reason that is a text").to_owned()
}

fn cores() -> u64 {
    thread::available_parallelism().map_or(1, |cores| cores.get() as u64)
}

/// How many seeds each thread takes before the others are waited for.
const TURN: u64 = 256;

/// Runs these seeds on all cores, in their order.
fn run_all(seeds: Range<u64>, plant: Option<Plant>) -> Vec<Ran> {
    let cores = cores();
    let share = |core: u64| {
        let mine = seeds.clone().filter(move |seed| (seed - seeds.start) % cores == core);
        move || mine.map(|seed| run(seed, plant)).collect::<Vec<_>>()
    };
    let mut ran: Vec<Ran> = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|core| scope.spawn(share(core))).collect();
        // Panics are caught before they end a thread.
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
            if let Some(what) = ran.broken {
                return broken(ran.seed, &what, args);
            }
        }
        from = until;
    }
    let seeds = args.seeds;
    let line = format!("seeds={seeds} invocations={invocations} starts={starts} faults={faults} violations=0");
    tell(&mut io::stdout(), &line);
    ExitCode::SUCCESS
}

fn broken(seed: u64, what: &Broken, Args { plant, traces, .. }: Args) -> ExitCode {
    let (account, violations) = match what {
        Broken::Rules(account) => {
            if traces {
                tell(&mut io::stdout(), &account.trace.join("\n"));
            }
            (account.to_string(), account.violations.join("\n"))
        }
        Broken::Panicked(words) => ("no account".to_owned(), format!("it panicked: {words}")),
    };
    let line = match plant {
        Some(plant) => format!("{violations}\nplant={} caught_at_seed={seed}", plant.name()),
        None => format!("seed {seed}: {account}\n{violations}\nagain: {}", scenario::again(seed)),
    };
    tell(&mut io::stdout(), &line);
    ExitCode::FAILURE
}

/// A line for whoever reads it.
fn tell(to: &mut impl Write, line: &str) {
    let _ = writeln!(to, "{line}");
}
