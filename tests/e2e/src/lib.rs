//! The example functions end to end: packaged as for AWS, deployed on ministack, an emulator of SQS, DynamoDB and Lambda, and driven by
//! its event source mappings. Afterwards every message is accounted for.
//!
//! - `plan`: which messages are sent, and what has to become of each.
//! - `functions`: which functions there are; a further example is one more entry.
//! - `aws`: queues, tables and functions of the emulator.
//! - `counter`: who counts the runs of handlers outside of every store: the payment provider, the subscriber, a function's log.
//! - `poller`: a poller that dies before it deletes.
//! - `patience`: how long is waited.
//! - `scenario`: all of it for one function.
//! - `account`: what became of the messages, by what was found: pure.
//! - `template`: the numbers of `template.yaml`.
//! - `local`: `orders` alone, for whoever wants to see it on a laptop.
//! - `worker`: the same without Lambda, as processes of their own.
//!
//! The emulator runs a function's `bootstrap` as a process of its own behind Lambda's Runtime API, some at a time, and deletes the messages
//! that an answer does not name. It is laxer than Lambda with answers that are wrong; those are judged in `tests/flow`.

mod account;
mod aws;
mod chance;
mod command_line;
mod counter;
mod functions;
mod local;
mod patience;
mod plan;
mod poller;
mod scenario;
mod template;
mod worker;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use self::{
    account::Account,
    command_line::{Args, Ask},
    functions::FUNCTIONS,
    template::Numbers,
};

/// Does what the command line asks for. The last line on standard output is the account of all messages; the code is 0 if there is
/// nothing wrong in it.
pub async fn main(command_line: lexopt::Parser) -> ExitCode {
    match Ask::parse(command_line) {
        Ok(Ask::Check) => ExitCode::SUCCESS,
        Ok(Ask::Packages) => say(&functions::packages().join("\n"), ExitCode::SUCCESS),
        Ok(Ask::Run(args)) => match run(&args).await {
            Ok(account) => settle(account.is_clean(), account.wrong(), &account.to_string()),
            Err(error) => complain(&format!("{error:#}"), ExitCode::FAILURE),
        },
        Ok(Ask::Local(args)) => match local::run(&args, |text| {
            say(text, ExitCode::SUCCESS);
        })
        .await
        {
            Ok(account) => settle(account.is_clean(), account.wrong(), &account.to_string()),
            Err(error) => complain(&format!("{error:#}"), ExitCode::FAILURE),
        },
        Ok(Ask::Work(args)) => match worker::run(&args).await {
            Ok(account) => settle(account.is_clean(), account.wrong(), &account.to_string()),
            Err(error) => complain(&format!("{error:#}"), ExitCode::FAILURE),
        },
        Err(error) => complain(&error.to_string(), ExitCode::from(2)),
    }
}

async fn run(args: &Args) -> anyhow::Result<Account> {
    let (shares, numbers) = (functions::shares(args.messages), Numbers::of_template()?);
    let scenarios =
        FUNCTIONS.iter().zip(shares).map(|(function, count)| scenario::run(args, function, count, &numbers));
    let accounts = futures_util::future::try_join_all(scenarios).await?;
    for (function, account) in FUNCTIONS.iter().zip(&accounts) {
        for (kind, tally) in account.kinds() {
            say(&functions::line(function, kind, tally), ExitCode::SUCCESS);
        }
    }
    Ok(accounts.into_iter().fold(Account::default(), Account::with))
}

fn settle(is_clean: bool, wrong: impl Iterator<Item = String>, account: &str) -> ExitCode {
    let code = if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    for wrong in wrong {
        complain(&wrong, code);
    }
    say(account, code)
}

fn say(text: &str, code: ExitCode) -> ExitCode {
    match writeln!(io::stdout().lock(), "{text}") {
        Ok(()) => code,
        Err(_) => ExitCode::FAILURE,
    }
}

/// For people. Nobody reads it where standard error is closed.
fn complain(text: &str, code: ExitCode) -> ExitCode {
    let _ = writeln!(io::stderr().lock(), "{text}");
    code
}
