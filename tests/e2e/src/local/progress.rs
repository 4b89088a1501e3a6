//! How far it is, for people.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use sqs_runtime::{Clock as _, SystemClock};

use crate::{aws::Queue, patience::Patience};

/// How long no message may leave the queue.
const PATIENCE: Duration = Duration::from_secs(240);
const PAUSE: Duration = Duration::from_secs(1);
/// How many looks there are to a line, where lines stay.
const RARELY: u32 = 10;

/// One look at the queue; gives how many messages are left in it.
pub(super) async fn show(queue: &Queue, sent: usize) -> anyhow::Result<u64> {
    let (left, hidden, dead) = (queue.left().await?, queue.hidden().await?, queue.waiting_dead_letters().await?);
    let mut out = io::stderr().lock();
    let (begin, end) = if out.is_terminal() { ("\r\u{1b}[K", "") } else { ("", "\n") };
    // Nobody reads it where standard error is closed.
    let _ = write!(
        out,
        "{begin}sent {sent}  waiting {}  in work or backing off {hidden}  dead letters {dead}{end}",
        left.saturating_sub(hidden)
    );
    let _ = out.flush();
    Ok(left)
}

/// Looks until nothing is left, or nobody waits any longer; gives how many messages are left then.
pub(super) async fn until_empty(queue: &Queue, sent: usize) -> anyhow::Result<u64> {
    let (clock, mut patience) = (SystemClock::new(), Patience::new(PATIENCE));
    let mut looks = 0_u32;
    loop {
        let is_shown = io::stderr().is_terminal() || looks.is_multiple_of(RARELY);
        let left = if is_shown { show(queue, sent).await? } else { queue.left().await? };
        looks += 1;
        if left == 0 || patience.ends(left, clock.monotonic()) {
            show(queue, sent).await?;
            let _ = writeln!(io::stderr().lock());
            return Ok(left);
        }
        clock.sleep(PAUSE).await;
    }
}
