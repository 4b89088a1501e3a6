//! A handler that does what its message says: takes its time, fails now and then, is rejected, panics, hangs.

use std::time::Duration;

use sqs_runtime::{
    Clock, Consumer, Failure,
    batch::Record,
    claim::{Key, Mode},
    extract::{Body, ReceiveCount},
    queue::{Backoff, Queue},
    testkit::simulator::{Effect, Process},
};

use super::drawn::{Drawn, Hiding, Telling};

/// What messages ask their handler to do.
pub(super) const KINDS: [&str; 15] = [
    "close", "nokey", "either", "later", "fail", "either", "row", "reject", "panic", "hang", "either", "now", "shared",
    "ok", "either",
];

/// The consumer of one process.
pub(super) fn consumer(process: &Process, drawn: &Drawn) -> Consumer {
    let (clock, say, id) = (process.clock(), process.violations(), process.id() as u64);
    let obey = move |body: Body, ReceiveCount(receives): ReceiveCount, effect: Option<Effect>| {
        let (clock, say) = (clock.clone(), say.clone());
        async move {
            let (kind, number) = parts(&body);
            clock.sleep(Duration::from_millis(number * 137 % 900)).await;
            let failed = match kind {
                "nokey" => {
                    say("a message without its key runs".to_owned());
                    None
                }
                "row" => {
                    effect.iter().for_each(Effect::happen);
                    None
                }
                "reject" => Some(Failure::reject("asked to be rejected")),
                "fail" => Some(Failure::retry("asked to fail")),
                "panic" => std::panic::resume_unwind(Box::new("asked to panic")),
                // At once, and later by the backoff: nobody is to come back for ever without a pause.
                "now" if receives.is_some_and(|receives| receives < 3) => Some(Failure::retry_now()),
                "shared" if receives == Some(1) => Some(Failure::retry("asked to fail").shared()),
                "either" => {
                    // Slow in one process, quick in another; fails here, succeeds there.
                    clock.sleep(Duration::from_millis((number * 137 + id * 3_571) % 15_000)).await;
                    (!id.is_multiple_of(2)).then(|| Failure::retry("asked to fail"))
                }
                "slow" => {
                    clock.sleep(Duration::from_millis(3_000 + number * 637 % 6_000)).await;
                    None
                }
                "close" => {
                    // Until just before everything is stopped.
                    clock.sleep(Duration::from_millis(28_300 - number * 137 % 900)).await;
                    None
                }
                // Longer than SQS hides anything.
                "later" if receives == Some(1) => Some(Failure::retry_after(Duration::from_secs(13 * 3_600))),
                "hang" => {
                    clock.sleep(Duration::from_secs(3_600)).await;
                    None
                }
                _ => None,
            };
            failed.map_or_else(|| Ok(result(number)), Err)
        }
    };
    // A third of the processes have transactions, whether or not a message writes anything.
    let consumer = if id.is_multiple_of(3) {
        Consumer::new(move |body: Body, receives: ReceiveCount, effect: Option<Effect>| obey(body, receives, effect))
    } else {
        Consumer::new(move |body: Body, receives: ReceiveCount| obey(body, receives, None))
    };
    let consumer = guarded(consumer, process, drawn).concurrency(drawn.limit);
    match queue(drawn, process) {
        Some(queue) => consumer.queue(queue),
        None => consumer,
    }
}

fn parts(body: &str) -> (&str, u64) {
    let (kind, number) = body.split_once(' ').unwrap_or_default();
    (kind, number.parse().unwrap_or_default())
}

/// What a handler's success comes to: bytes that are not what a careless hand would make of them.
fn result(number: u64) -> String {
    format!("\u{e9}\\n \"{number}\"\u{1f600}")
}

fn guarded(consumer: Consumer, process: &Process, drawn: &Drawn) -> Consumer {
    // By its number within its queue; `nokey` has none.
    let queue = process.queue();
    let by_number = Key::by(move |record| {
        let (kind, number) = record.body().split_once(' ')?;
        (kind != "nokey").then(|| format!("{queue}/{number}"))
    });
    let mode = if drawn.mixes_modes && process.id() % 2 == 1 { Mode::Lease } else { drawn.mode };
    let idempotency = process.idempotency().mode(mode).retention(drawn.rows_are_kept);
    let idempotency = idempotency.key(by_number.same_body()).handler_version("7");
    let say = process.violations();
    let idempotency = idempotency.on_replay(move |record: &Record, kept| {
        let (_, number) = parts(record.body());
        let expected = serde_json::to_string(&result(number)).unwrap_or_default();
        if kept.json().is_some_and(|json| json != expected) {
            say(format!("I20: {kept:?} is replayed for {number}"));
        }
    });
    let idempotency = if drawn.keeps_results { idempotency.keep_results(1_000) } else { idempotency };
    consumer.idempotency(drawn.crash_limit.map_or(idempotency.clone(), |limit| idempotency.crash_limit(limit)))
}

fn queue(drawn: &Drawn, process: &Process) -> Option<Queue> {
    let queue = Queue::new(process.queue_client()).backoff(match drawn.hiding {
        Hiding::Exponential => Backoff::default(),
        Hiding::Fixed => Backoff::fixed(Duration::from_secs(45)),
        Hiding::By => {
            Backoff::by(|record, _| record.receive_count().map(|count| Duration::from_secs(20 * u64::from(count))))
        }
        Hiding::OfTheQueue => Backoff::of_the_queue(),
    });
    match drawn.telling {
        Telling::Nothing => None,
        Telling::Backoff => Some(queue),
        Telling::DeadLetters => Some(queue.dead_letters_by_redrive_policy()),
        Telling::Acknowledges => Some(queue.acknowledge_explicitly().dead_letters_by_redrive_policy()),
    }
}
