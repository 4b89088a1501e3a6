//! `orders relay`: from the outbox to the second queue.

use aws_config::BehaviorVersion;
use lexopt::prelude::*;

use super::{Stop, arguments::required, say};
use crate::{relay::Relay, tables::Names};

const USAGE: &str = "\
Sends what orders left in the outbox (OUTBOX_TABLE) to a queue, and marks it as sent.

usage: orders relay --queue-url URL [--once]

  --queue-url URL  the queue, such as that of the example `confirmations`
  --once           stop once nothing is left

At least once: what was sent and not marked, because the process died in between, is sent again.
Standard output, with --once: {\"sent\":messages}.
";

pub(super) async fn main(mut command_line: lexopt::Parser) -> Result<(), Stop> {
    let (mut queue_url, mut once) = (None, false);
    while let Some(argument) = command_line.next()? {
        match argument {
            Long("queue-url") => queue_url = Some(command_line.value()?.string()?),
            Long("once") => once = true,
            Long("help") | Short('h') => return Err(Stop::Help(USAGE)),
            other => return Err(other.unexpected().into()),
        }
    }
    let queue_url = required(queue_url, "--queue-url")?;
    let outbox = Names::from_env().outbox.ok_or_else(|| Stop::failed("no outbox is named: set OUTBOX_TABLE"))?;
    let config = aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await;
    let (tables, queues) = (aws_sdk_dynamodb::Client::new(&config), aws_sdk_sqs::Client::new(&config));
    let relay = Relay { tables, outbox, queues, queue_url };
    let sent = if once { relay.run_once().await } else { relay.run().await };
    say(serde_json::json!({ "sent": sent.map_err(Stop::failed)? }))
}
