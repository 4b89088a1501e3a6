//! `orders provider`: the payment provider as a process of its own.

use std::{io, net::Ipv4Addr};

use lexopt::prelude::*;
use tokio::net::TcpListener;

use super::{
    Stop,
    arguments::{drawn_seed, required, share, within},
    say, tell,
};
use crate::provider::{Faults, Provider};

const USAGE: &str = "\
A payment provider that charges once for each idempotency key, and forgets its charges when it ends.

usage: orders provider --port P [--lose-replies P] [--unavailable P] [--seed N]

  --port P          listen on this port of 127.0.0.1; 0 chooses a free one
  --lose-replies P  with this probability make the charge and drop the connection without an answer
  --unavailable P   with this probability answer 503 and charge nothing
  --seed N          makes both repeatable: what happens to a call follows from the seed, its key, and how often the key came

POST /charges with the header Idempotency-Key and {\"paymentToken\":\"tok_visa\",\"totalCents\":4999} answers
{\"charged\":\"now\"} or {\"charged\":\"before\"}; 422 where the key has charged something else; 402 for tok_declined; 503 for
tok_unavailable. GET /charges lists what was charged by key. GET /healthz answers 200.
Standard output: where it listens, then a line of JSON for each call.
";

struct Args {
    port: u16,
    lose_replies: f64,
    unavailable: f64,
    seed: Option<u64>,
}

pub(super) async fn main(command_line: lexopt::Parser) -> Result<(), Stop> {
    let args = parse(command_line)?;
    let faults = faults(&args)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await;
    let listener = listener.map_err(|error| Stop::failed(format_args!("port {}: {error}", args.port)))?;
    say(format_args!("listening on http://{}", listener.local_addr().map_err(Stop::failed)?))?;
    Provider::new(faults, Box::new(io::stdout())).serve(listener).await.map_err(Stop::failed)
}

fn parse(mut command_line: lexopt::Parser) -> Result<Args, Stop> {
    let (mut port, mut seed) = (None, None);
    let (mut lose_replies, mut unavailable) = (0.0, 0.0);
    while let Some(argument) = command_line.next()? {
        match argument {
            Long("port") => port = Some(within(&mut command_line, "--port", 0..=u16::MAX)?),
            Long("lose-replies") => lose_replies = share(&mut command_line, "--lose-replies")?,
            Long("unavailable") => unavailable = share(&mut command_line, "--unavailable")?,
            Long("seed") => seed = Some(within(&mut command_line, "--seed", 0..=u64::MAX)?),
            Long("help") | Short('h') => return Err(Stop::Help(USAGE)),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Args { port: required(port, "--port")?, lose_replies, unavailable, seed })
}

/// The faults that were asked for. A seed that nobody chose is said, so that the run can be repeated.
fn faults(args: &Args) -> Result<Faults, Stop> {
    let seed = match args.seed {
        Some(seed) => seed,
        None if args.lose_replies == 0.0 && args.unavailable == 0.0 => 0,
        None => {
            let seed = drawn_seed().map_err(Stop::failed)?;
            tell(&format!("--seed {seed}\n"));
            seed
        }
    };
    Ok(Faults::seeded(seed).lose_replies(args.lose_replies).unavailable(args.unavailable))
}
