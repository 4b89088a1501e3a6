//! The example `orders` on a laptop: set as `template.yaml` has it, a day's burst sent to it, and what became of that.

mod progress;

use std::collections::BTreeMap;

use crate::{
    account::{Account, Sent},
    command_line::Args,
    functions::FUNCTIONS,
    plan::{End, Kind},
    scenario::Deployed,
    template::Numbers,
};

/// As many as are sent between two looks at the queue.
const AT_ONCE: usize = 200;

/// Runs it and says what became of every message.
pub(crate) async fn run(args: &Args, say: fn(&str)) -> anyhow::Result<Account> {
    let numbers = Numbers::of_template()?;
    say(&settings(&numbers));
    let [orders, ..] = &FUNCTIONS;
    let deployed = Deployed::new(args, orders, &numbers).await?;
    deployed.map(&numbers).await?;
    say(&format!("sending {} orders", args.messages));

    let planned = (orders.messages)(args.seed, args.messages);
    let mut sent = Vec::with_capacity(planned.len());
    for some in planned.chunks(AT_ONCE) {
        sent.extend(deployed.queue.send(some.to_vec()).await?);
        progress::show(&deployed.queue, sent.len()).await?;
    }
    let left = progress::until_empty(&deployed.queue, sent.len()).await?;
    let ended = ended(&sent);
    let account = deployed.account(sent, left).await?;
    ended.iter().for_each(|line| say(line));
    Ok(account)
}

fn settings(numbers: &Numbers) -> String {
    format!(
        "as in template.yaml: visibility timeout {} s, {} receives, retention {} s, dead letters {} s; \
         batches of {}, {} at a time, timeout {} s; a first backoff of 1 s instead of 30, so that nobody waits",
        numbers.visibility_timeout.as_secs(),
        numbers.max_receive_count,
        numbers.retention.as_secs(),
        numbers.dead_letter_retention.as_secs(),
        numbers.batch_size,
        numbers.maximum_concurrency,
        numbers.function_timeout.as_secs(),
    )
}

/// How many messages of each kind there were, and where they had to end. Where one did not, the account has it.
fn ended(sent: &[Sent]) -> Vec<String> {
    let mut kinds: BTreeMap<(Kind, String), usize> = BTreeMap::new();
    for sent in sent {
        // Nobody delivers twice here.
        let kind = if sent.planned.kind == Kind::Redelivered { Kind::Good } else { sent.planned.kind };
        *kinds.entry((kind, place(&sent.planned.end))).or_default() += 1;
    }
    kinds.into_iter().map(|((kind, place), count)| format!("{count:>6}  {:<12} {place}", format!("{kind:?}"))).collect()
}

fn place(end: &End) -> String {
    match end {
        End::Done(_) => "done: its order is in the table, once".to_owned(),
        End::Dead { reason, .. } => format!("in the dead-letter queue at once: {reason}"),
        End::Moved => "in the dead-letter queue, after its last receive".to_owned(),
    }
}
