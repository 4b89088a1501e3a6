//! `orders publish`: the producer.

use aws_config::BehaviorVersion;
use aws_sdk_sqs::Client;
use lexopt::prelude::*;

use super::{
    Stop,
    arguments::{drawn_seed, required, share, within},
    say,
};
use crate::publish::{Plan, publish};

const USAGE: &str = "\
Sends orders to a queue.

usage: orders publish --count N --queue-url URL [--rate R] [--twice P] [--seed N] [--fifo-groups G]

  --count N        how many orders
  --queue-url URL  the queue; where it ends in .fifo, orders of one customer are one message group
  --rate R         at most so many messages a second (default 100)
  --twice P        this share of the orders is sent a second time, as another message with the same body
  --seed N         which orders: they are named A-N-1, A-N-2 and so on (default: drawn)
  --fifo-groups G  how many customers, and so message groups, a FIFO queue gets (default 100)

Credentials, region and endpoint as every AWS SDK finds them; AWS_ENDPOINT_URL_SQS names another endpoint.
Standard output: at the end {\"sent\":messages,\"orders\":orders,\"twice\":sent a second time}.
Exit code: 0 where all was sent, 1 where a message was not, 2 where the command line is not understood.
";

const DEFAULT_RATE: f64 = 100.0;
const DEFAULT_CUSTOMERS: u64 = 100;

struct Args {
    queue_url: String,
    plan: Plan,
}

pub(super) async fn main(command_line: lexopt::Parser) -> Result<(), Stop> {
    let Args { queue_url, plan } = parse(command_line)?;
    let config = aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await;
    if config.region().is_none() {
        return Err(Stop::failed("no region is named: set AWS_REGION"));
    }
    let summary = publish(&Client::new(&config), &queue_url, &plan).await.map_err(Stop::failed)?;
    say(serde_json::to_string(&summary).map_err(Stop::failed)?)
}

fn parse(mut command_line: lexopt::Parser) -> Result<Args, Stop> {
    let (mut count, mut queue_url, mut seed, mut groups) = (None, None, None, None);
    let (mut rate, mut twice) = (DEFAULT_RATE, 0.0);
    while let Some(argument) = command_line.next()? {
        match argument {
            Long("count") => count = Some(within(&mut command_line, "--count", 1..=10_000_000)?),
            Long("queue-url") => queue_url = Some(command_line.value()?.string()?),
            Long("rate") => rate = within(&mut command_line, "--rate", 0.01..=100_000.0)?,
            Long("twice") => twice = share(&mut command_line, "--twice")?,
            Long("seed") => seed = Some(within(&mut command_line, "--seed", 0..=u64::MAX)?),
            Long("fifo-groups") => groups = Some(within(&mut command_line, "--fifo-groups", 1..=1_000_000)?),
            Long("help") | Short('h') => return Err(Stop::Help(USAGE)),
            other => return Err(other.unexpected().into()),
        }
    }
    let queue_url = url(required(queue_url, "--queue-url")?, groups.is_some())?;
    let seed = seed.map_or_else(drawn_seed, Ok).map_err(Stop::failed)?;
    let customers = groups.unwrap_or(DEFAULT_CUSTOMERS);
    Ok(Args { queue_url, plan: Plan { count: required(count, "--count")?, rate, twice, seed, customers } })
}

fn url(queue_url: String, has_groups: bool) -> Result<String, Stop> {
    if !queue_url.starts_with("http://") && !queue_url.starts_with("https://") {
        return Err(Stop::Usage(format!("--queue-url takes a URL, not {queue_url}")));
    }
    if has_groups && !queue_url.ends_with(".fifo") {
        return Err(Stop::Usage("--fifo-groups is for a queue whose URL ends in .fifo".into()));
    }
    Ok(queue_url)
}
