//! A line on standard error for people who run a worker by hand.

use std::{
    io::{self, IsTerminal, Write},
    pin::pin,
    time::Duration,
};

use futures_util::future::{Either, select};

use super::{WorkerHandle, WorkerStats};
use crate::Clock;

/// How often it is redrawn.
const PERIOD: Duration = Duration::from_secs(1);

/// Runs the work, and shows meanwhile how far its worker is, where standard error is a terminal. The last line stays.
pub(super) async fn show<T>(worker: &WorkerHandle, work: impl Future<Output = T>) -> T {
    let out = io::stderr();
    if !out.is_terminal() {
        return work.await;
    }
    show_on(out, &*worker.0.seams.clock, || worker.stats(), work).await
}

async fn show_on<T>(
    mut out: impl Write,
    clock: &dyn Clock,
    stats: impl Fn() -> WorkerStats,
    work: impl Future<Output = T>,
) -> T {
    let mut work = pin!(work);
    let start = (clock.monotonic(), WorkerStats::default());
    let mut last = start;
    let ended = loop {
        match select(work.as_mut(), clock.sleep(PERIOD)).await {
            Either::Left((ended, _)) => break ended,
            Either::Right(_) => {
                let now = (clock.monotonic(), stats());
                // A terminal that is gone takes nothing from the work.
                let _ = redraw(&mut out, &line(&now.1, rate(&last, &now)));
                last = now;
            }
        }
    };
    let now = (clock.monotonic(), stats());
    let _ = redraw(&mut out, &line(&now.1, rate(&start, &now))).and_then(|()| writeln!(out));
    ended
}

fn redraw(out: &mut impl Write, line: &str) -> io::Result<()> {
    const TO_THE_START_AND_EMPTY: &str = "\r\x1b[2K";
    write!(out, "{TO_THE_START_AND_EMPTY}{line}")?;
    out.flush()
}

/// Messages that were settled in a second.
fn rate((then, before): &(Duration, WorkerStats), (now, after): &(Duration, WorkerStats)) -> f64 {
    let settled = |stats: &WorkerStats| stats.done + stats.failed;
    let messages = settled(after).saturating_sub(settled(before)) as f64;
    let seconds = now.saturating_sub(*then).as_secs_f64();
    if seconds > 0.0 { messages / seconds } else { 0.0 }
}

fn line(stats: &WorkerStats, rate: f64) -> String {
    let WorkerStats { received, done, failed, in_flight, .. } = stats;
    format!("{received} received, {done} done, {failed} failed, {rate:.1} a second, {in_flight} in flight")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::clock::SystemClock;

    fn stats(received: u64, done: u64, failed: u64, in_flight: usize) -> WorkerStats {
        WorkerStats { received, done, failed, in_flight, ..WorkerStats::default() }
    }

    #[test]
    fn a_line_says_how_far_it_is() {
        let line = line(&stats(95, 80, 5, 10), 12.34);
        assert_eq!(line, "95 received, 80 done, 5 failed, 12.3 a second, 10 in flight");
    }

    #[test]
    fn the_rate_is_that_since_the_last_line() {
        let at = Duration::from_secs;
        let before = (at(10), stats(90, 80, 5, 5));
        assert_eq!(rate(&before, &(at(12), stats(99, 88, 6, 5))), 4.5);
        assert_eq!(rate(&before, &before), 0.0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_a_second_and_one_at_the_end_with_the_rate_of_it_all() {
        let (clock, done, mut out) = (SystemClock::new(), Cell::new(0), Vec::new());
        let work = async {
            done.set(3);
            clock.sleep(Duration::from_millis(1_500)).await;
            done.set(10);
            clock.sleep(Duration::from_millis(1_000)).await;
            "ended"
        };
        assert_eq!(show_on(&mut out, &clock, || stats(10, done.get(), 0, 0), work).await, "ended");
        let lines = String::from_utf8(out).unwrap();
        let rates: Vec<_> = lines.split(", ").filter_map(|part| part.strip_suffix(" a second")).collect();
        assert_eq!(rates, ["3.0", "7.0", "4.0"], "{lines}");
        assert!(lines.ends_with("0 in flight\n"), "{lines}");
    }

    #[test]
    fn a_redrawn_line_takes_the_place_of_the_one_before() {
        let mut out = Vec::new();
        redraw(&mut out, "10 received").unwrap();
        redraw(&mut out, "9 done").unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "\r\x1b[2K10 received\r\x1b[2K9 done");
    }
}
