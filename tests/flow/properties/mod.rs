//! Properties over generated batches, against a small reference model. The invariants I10 to I17, I23 and I24 are those of
//! `runtime/docs/invariants.md`.

mod generate;
mod model;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use proptest::{prelude::*, test_runner::TestRunner};
use sqs_runtime::{
    Clock, Consumer, Failure, Idempotency, SystemClock,
    batch::Batch,
    claim::Key,
    extract::Body,
    run::{Pipeline, Report},
};

use self::generate::{Behaviour, Case, Keys};
use crate::support::outcomes;

const CASES: u32 = 10_000;

fn check<S: Strategy>(strategy: &S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    if let Err(error) = TestRunner::new(config).run(strategy, property) {
        panic!("{error}");
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime")
}

/// What the handlers did: who started when, who returned how.
#[derive(Default)]
struct Trace {
    started: Vec<usize>,
    succeeded: Vec<usize>,
    running: usize,
    most: usize,
}

fn consumer(case: &Case, trace: &Arc<Mutex<Trace>>) -> Consumer {
    let log = Arc::clone(trace);
    let consumer = Consumer::new(move |body: Body| {
        let log = Arc::clone(&log);
        async move { behave(&body, &log).await }
    });
    let consumer = consumer.concurrency(case.concurrency);
    match case.keys {
        Keys::None => consumer.without_idempotency(),
        Keys::MessageId => consumer.idempotency(Idempotency::memory()),
        Keys::Attribute => consumer.idempotency(Idempotency::memory().key(Key::attribute("key").same_body())),
    }
}

/// A handler that does what its message says.
async fn behave(body: &str, log: &Mutex<Trace>) -> Result<(), Failure> {
    let (index, behaviour) = Behaviour::from_body(body);
    {
        let mut trace = log.lock().expect("no panic");
        trace.started.push(index);
        trace.running += 1;
        trace.most = trace.most.max(trace.running);
    }
    for _ in 0..behaviour.yields {
        tokio::task::yield_now().await;
    }
    let ended = behaviour.end;
    let mut trace = log.lock().expect("no panic");
    trace.running -= 1;
    match ended {
        generate::End::Ok => {
            trace.succeeded.push(index);
            Ok(())
        }
        generate::End::Retry => Err(Failure::retry("asked")),
        generate::End::Reject => Err(Failure::reject("asked")),
        generate::End::Panic => {
            drop(trace);
            std::panic::resume_unwind(Box::new("asked"))
        }
    }
}

fn run(runtime: &tokio::runtime::Runtime, case: &Case) -> (Report, Trace) {
    let trace = Arc::new(Mutex::new(Trace::default()));
    let pipeline = Pipeline::for_tests(consumer(case, &trace));
    let report = runtime.block_on(pipeline.run_event(case.event(), pipeline.invocation(None)));
    drop(pipeline);
    let trace = std::mem::take(&mut *trace.lock().expect("no panic"));
    (report.expect("an SQS event"), trace)
}

/// I10: exactly one outcome for each record, and it is the model's. I11: failures of every kind are reported.
#[test]
fn every_record_has_the_outcome_of_the_model() {
    let runtime = runtime();
    check(&generate::case(), |case| {
        let (report, _) = run(&runtime, &case);
        prop_assert_eq!(report.records().len(), case.records.len());
        prop_assert_eq!(outcomes(&report), model::outcomes(&case));
        Ok(())
    });
}

/// I12: the ids out are among the ids in, none empty, none twice; they are those of the failures. I13: a failure that
/// cannot be named fails the invocation.
#[test]
fn the_answer_names_the_failures_and_nothing_else() {
    let runtime = runtime();
    check(&generate::case(), |case| {
        let (report, _) = run(&runtime, &case);
        let failed = |index: &usize| report.outcome(*index).is_some_and(|outcome| outcome.is_failure());
        let failures: Vec<_> = (0..case.records.len()).filter(failed).map(|index| case.records[index].id()).collect();
        let Ok(response) = report.response() else {
            prop_assert!(failures.contains(&None), "an invocation failed although every failure has a name");
            return Ok(());
        };
        prop_assert!(!failures.contains(&None), "a failure without a name was left out");
        let named: Vec<_> = response.item_identifiers().map(String::from).collect();
        let unique: BTreeSet<_> = named.iter().cloned().collect();
        let expected: BTreeSet<_> = failures.into_iter().flatten().collect();
        prop_assert_eq!(unique.len(), named.len(), "an id twice");
        prop_assert_eq!(unique, expected);
        Ok(())
    });
}

/// I15: within a FIFO group starts are in order, and nothing succeeds behind a failure. I16: a standard queue with group
/// ids starts everything that can start.
#[test]
fn groups_keep_their_order_and_fair_queues_have_none() {
    let runtime = runtime();
    check(&generate::case(), |case| {
        let (report, trace) = run(&runtime, &case);
        let mut last_started = BTreeMap::new();
        for index in &trace.started {
            if let Some(group) = case.group(*index) {
                let before = last_started.insert(group, *index);
                prop_assert!(before.is_none_or(|before| before < *index), "{before:?} started before {index}");
            }
        }
        let mut failed = BTreeSet::new();
        for (index, record) in report.records().enumerate() {
            let Some(group) = case.group(index) else { continue };
            prop_assert!(!(record.outcome.is_success() && failed.contains(&group)), "a success behind a failure");
            if record.outcome.is_failure() {
                failed.insert(group);
            }
        }
        if !case.fifo {
            prop_assert!(!outcomes(&report).contains(&"not started"));
        }
        Ok(())
    });
}

/// I17: messages with one key run at most once for each success. I24: never more at a time than the limit.
#[test]
fn a_key_succeeds_once_and_the_limit_holds() {
    let runtime = runtime();
    check(&generate::case(), |case| {
        let (_, trace) = run(&runtime, &case);
        let mut succeeded = BTreeSet::new();
        for index in &trace.succeeded {
            prop_assert!(succeeded.insert(case.key(*index)), "two successes of one key");
        }
        prop_assert!(trace.most <= case.concurrency, "{} at a time, the limit is {}", trace.most, case.concurrency);
        prop_assert_eq!(trace.running, 0);
        Ok(())
    });
}

/// I14: input that is not understood is never an empty success; it is an error, or every one of its records fails.
#[test]
fn what_is_not_understood_is_no_success() {
    let runtime = runtime();
    let pipeline = Pipeline::for_tests(Consumer::new(|| async {}));
    check(&generate::json(), |json| {
        let text = json.to_string();
        let Ok(batch) = Batch::from_json(text) else { return Ok(()) };
        let records = json.get("Records").and_then(|records| records.as_array());
        prop_assert!(records.is_some(), "accepted without a list of records");
        let understood = |record: &serde_json::Value| {
            record["messageId"].as_str().is_some_and(|id| !id.is_empty()) && record["body"].is_string()
        };
        let all_understood = records.is_some_and(|records| records.iter().all(understood));
        let report = runtime.block_on(pipeline.run(batch, pipeline.invocation(None))).expect("one queue");
        let is_empty_success = report.response().is_ok_and(|response| response.is_complete_success());
        prop_assert!(all_understood || !is_empty_success);
        Ok(())
    });
}

/// I23: nothing starts after the deadline less the reserve, and the answer leaves before the deadline, with an outcome for
/// each record; I22: and nothing runs behind it.
#[test]
fn the_deadline_holds() {
    let runtime = runtime();
    let times = (1_u64..20_000, prop::collection::vec(0_u64..30_000, 1..8), 1_usize..4);
    check(&times, |(time_left, durations, concurrency)| {
        let time_left = Duration::from_millis(time_left);
        let (late, ran) = runtime.block_on(sleepers(time_left, &durations, concurrency));
        prop_assert!(!late, "answered or started too late");
        prop_assert!(!ran, "a handler went on behind the answer");
        Ok(())
    });
}

/// Runs handlers that sleep. Says whether something was late, and whether something ran behind the answer.
async fn sleepers(time_left: Duration, durations: &[u64], concurrency: usize) -> (bool, bool) {
    let clock = SystemClock::new();
    let reserve = Duration::from_secs(1).max(time_left / 20).min(time_left / 2);
    let last_event = Arc::new(Mutex::new((Duration::ZERO, Duration::ZERO)));
    let (events, now) = (Arc::clone(&last_event), clock.clone());
    let consumer = Consumer::new(move |body: Body| {
        let (events, now) = (Arc::clone(&events), now.clone());
        async move {
            let started = now.monotonic();
            events.lock().expect("no panic").0 = started;
            now.sleep(Duration::from_millis(body.parse().expect("a number"))).await;
            events.lock().expect("no panic").1 = now.monotonic();
        }
    });
    let pipeline = Pipeline::for_tests(consumer.clock(clock.clone()).concurrency(concurrency));
    let records: Vec<_> = durations
        .iter()
        .enumerate()
        .map(|(n, ms)| crate::support::record(&format!("m-{n}"), &ms.to_string()))
        .collect();
    let invocation = pipeline.invocation(Some(time_left));
    let report = pipeline.run_event(crate::support::event(&records), invocation).await.expect("an SQS event");
    let answered = clock.monotonic();
    let (last_start, _) = *last_event.lock().expect("no panic");
    // Timers of the runtime have a resolution of a millisecond.
    let tick = Duration::from_millis(1);
    let late = answered > time_left + tick
        || (last_start > Duration::ZERO && last_start > time_left.saturating_sub(reserve) + tick)
        || report.records().len() != durations.len()
        || report.response().is_err();
    clock.sleep(Duration::from_secs(60)).await;
    let (_, last_end) = *last_event.lock().expect("no panic");
    (late, last_end > answered)
}
